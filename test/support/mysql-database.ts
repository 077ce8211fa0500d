import { createConnection, type RowDataPacket } from "mysql2/promise";

/** A database of a test's own on a server, without anything in it. */
export interface MysqlDatabase extends AsyncDisposable {
  readonly url: string;
  /** Deletes every row, and leaves the tables. */
  readonly empty: () => Promise<void>;
  readonly query: (sql: string) => Promise<RowDataPacket[]>;
}

const MANY_ROWS = 2000;

export async function mysqlDatabase(server: string): Promise<MysqlDatabase> {
  const name = `ganger_test_${process.pid}_${Math.random().toString(36).slice(2, 8)}`;
  const url = new URL(server);
  const admin = await createConnection({
    host: url.hostname,
    port: Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    multipleStatements: true,
  });
  // Nobody listens to it while a server of a test's own is made to fail.
  admin.on("error", () => {});
  await admin.query(`create database ${name}; use ${name}`);
  const query = async (sql: string) => (await admin.query<RowDataPacket[]>(sql))[0];
  url.pathname = `/${name}`;
  return {
    url: url.href,
    query,
    async empty() {
      const tables = await query("show table status");
      const full = tables
        .map((row) => String(row["Name"]))
        .filter((table) => !/_(?:schema|counters)$/.test(table));
      const [rows] = full.length === 0 ? [] : await query(`select count(*) as amount from ganger_jobs`);
      const isLarge = Number(rows?.["amount"] ?? 0) > MANY_ROWS;
      const statements = full.map((table) => (isLarge ? `truncate table ${table}` : `delete from ${table}`));
      if (statements.length > 0) await query(statements.join(";"));
    },
    async [Symbol.asyncDispose]() {
      await admin.query(`drop database if exists ${name}`).catch(() => {});
      admin.destroy();
    },
  };
}

/** Runs statements on a connection of their own; the rows of the last. */
export async function ask(url: string, ...statements: readonly string[]): Promise<RowDataPacket[]> {
  const connection = await createConnection(url);
  // Nobody listens to it while a server of a test's own is made to fail.
  connection.on("error", () => undefined);
  try {
    let rows: RowDataPacket[] = [];
    for (const statement of statements) [rows] = await connection.query<RowDataPacket[]>(statement);
    return rows;
  } finally {
    connection.destroy();
  }
}
