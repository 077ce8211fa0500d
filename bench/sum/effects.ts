/** Where jobs write the integer that they stand for, in a transaction with their completion. */
export interface Effects {
  /** Makes the table, and an empty one of one that is there. */
  create(): Promise<void>;
  /** Adds one integer and what `complete` does, both or neither. */
  add(integer: number, complete: Complete): Promise<void>;
  total(): Promise<{ readonly count: number; readonly sum: number }>;
  close(): Promise<void>;
}

type Complete = (connection: object) => Promise<void>;

const DROP = "drop table if exists effects";
const CREATE = "create table effects (n bigint not null)";
const TOTAL = "select count(*) as count, coalesce(sum(n), 0) as sum from effects";
const LANES = 10;

/** `undefined` for stores without transactions of users. */
export async function openEffects(url: string): Promise<Effects | undefined> {
  // What follows are options of ganger's.
  const [address = ""] = url.split("?");
  if (url.startsWith("sqlite:")) return openSqlite(address.slice("sqlite:".length));
  if (url.startsWith("postgres:")) return openPostgres(address);
  if (url.startsWith("mysql:")) return openMysql(address);
  return undefined;
}

async function openSqlite(file: string): Promise<Effects> {
  const { default: Database } = await import("better-sqlite3");
  const database = new Database(file, { timeout: 30_000 });
  database.pragma("journal_mode = wal");
  const insert = async (before: Promise<unknown>, integer: number, complete: Complete) => {
    await before;
    database.exec("begin immediate");
    try {
      database.prepare("insert into effects values (?)").run(integer);
      await complete(database);
      database.exec("commit");
    } catch (error) {
      if (database.inTransaction) database.exec("rollback");
      throw error;
    }
  };
  let turn: Promise<unknown> = Promise.resolve();
  return {
    create: async () => void database.exec(`${DROP}; ${CREATE}`),
    // A connection has one transaction at a time.
    add(integer, complete) {
      const mine = insert(turn, integer, complete);
      turn = mine.catch(() => undefined);
      return mine;
    },
    total: async () => toTotal(database.prepare(TOTAL).get()),
    close: async () => void database.close(),
  };
}

async function openPostgres(url: string): Promise<Effects> {
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({ connectionString: url, max: LANES });
  pool.on("error", () => undefined);
  return {
    create: async () => void (await pool.query(`${DROP}; ${CREATE}`)),
    async add(integer, complete) {
      const connection = await pool.connect();
      try {
        await connection.query("begin");
        await connection.query("insert into effects values ($1)", [integer]);
        await complete(connection);
        await connection.query("commit");
      } catch (error) {
        await connection.query("rollback");
        throw error;
      } finally {
        connection.release();
      }
    },
    total: async () => toTotal((await pool.query<object>(TOTAL)).rows[0]),
    close: () => pool.end(),
  };
}

async function openMysql(url: string): Promise<Effects> {
  const { createPool } = await import("mysql2/promise");
  const pool = createPool({ uri: url, connectionLimit: LANES });
  return {
    async create() {
      await pool.query(DROP);
      await pool.query(CREATE);
    },
    async add(integer, complete) {
      const connection = await pool.getConnection();
      try {
        await connection.beginTransaction();
        await connection.query("insert into effects values (?)", [integer]);
        await complete(connection);
        await connection.commit();
      } catch (error) {
        await connection.rollback();
        throw error;
      } finally {
        connection.release();
      }
    },
    async total() {
      const [rows] = await pool.query(TOTAL);
      return toTotal(Array.isArray(rows) ? rows[0] : undefined);
    },
    close: () => pool.end(),
  };
}

function toTotal(row: unknown) {
  const { count, sum } = row as { readonly count: unknown; readonly sum: unknown };
  return { count: Number(count), sum: Number(sum) };
}
