import { createConnection, type RowDataPacket } from "mysql2/promise";
import type { Ground } from "../ground.ts";
import { startPrivate } from "./private.ts";

/** A private MariaDB (or MySQL) with the settings it comes with; each run has a database of its own. */
export function mysqlGround(settings: readonly string[] = []): Ground {
  let url = "";
  let databases = 0;
  return {
    async start(defer) {
      ({ url } = await startPrivate("mysql", settings, defer));
      const version = await query(url, "select version()");
      const flush = await query(url, "select @@innodb_flush_log_at_trx_commit");
      const pool = Number(await query(url, "select @@innodb_buffer_pool_size")) / 2 ** 20;
      return `${String(version)}, innodb_flush_log_at_trx_commit ${String(flush)}, buffer pool ${pool} MiB, everything else as it comes; the same for all`;
    },
    async open(defer) {
      const name = `bench${++databases}`;
      await query(url, `create database ${name}`);
      defer(() => query(url, `drop database ${name}`));
      const address = new URL(url);
      address.pathname = `/${name}`;
      return address.href;
    },
    rest: async () => undefined,
  };
}

async function query(url: string, text: string): Promise<unknown> {
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(text);
    return Array.isArray(rows) ? Object.values(rows[0] ?? {})[0] : undefined;
  } finally {
    await connection.end();
  }
}
