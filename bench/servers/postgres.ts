import pg from "pg";
import type { Ground } from "../ground.ts";
import { startPrivate } from "./private.ts";

/** A private PostgreSQL with the settings it comes with; each run has a database of its own. */
export function postgresGround(settings: readonly string[] = []): Ground {
  let url = "";
  let databases = 0;
  return {
    async start(defer) {
      ({ url } = await startPrivate("postgres", settings, defer));
      const version = await query(url, "show server_version");
      const fsync = await query(url, "show fsync");
      const commit = await query(url, "show synchronous_commit");
      return `PostgreSQL ${String(version)}, fsync ${String(fsync)}, synchronous_commit ${String(commit)}, everything else as it comes; the same for all`;
    },
    async open(defer) {
      const name = `bench${++databases}`;
      await query(url, `create database ${name}`);
      defer(() => query(url, `drop database ${name} with (force)`));
      const address = new URL(url);
      address.pathname = `/${name}`;
      return address.href;
    },
    rest: async (address) => void (await query(address, "checkpoint")),
  };
}

async function query(url: string, text: string): Promise<unknown> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text);
    return Object.values(rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}
