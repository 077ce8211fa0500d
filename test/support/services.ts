import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { readRecord, runDir } from "./run-dir.ts";
import { mysql } from "./servers/mysql.ts";
import { postgres } from "./servers/postgres.ts";
import { rabbitmq } from "./servers/rabbitmq.ts";
import { redis } from "./servers/redis.ts";
import { answers, type ServerKind } from "./servers/server.ts";

export const SERVERS = { redis, postgres, mysql, rabbitmq } as const satisfies Record<string, ServerKind>;

export type ServiceName = keyof typeof SERVERS;

export interface Service {
  readonly url: string;
  /** Why tests of this service cannot run, or `undefined` when they can. Give it to `context.skip`. */
  readonly unavailable: string | undefined;
}

/**
 * Finds a server to test against: the one named by `GANGER_TEST_<NAME>_URL`, one on the standard port
 * that lets us in, or a private one that is started on the first call of the run and ended with it.
 * At home a missing one leaves its tests out; on CI it is an error, because a suite that silently
 * shrinks proves nothing.
 */
export async function service(name: ServiceName): Promise<Service> {
  const kind: ServerKind = SERVERS[name];
  const variable = `GANGER_TEST_${name.toUpperCase()}_URL`;
  const named = process.env[variable];
  if (named) return { url: named, unavailable: undefined };
  if (await answers(kind, kind.standardPort)) {
    return { url: kind.url(kind.standardPort), unavailable: undefined };
  }
  if (kind.binary() !== undefined) return { url: await privateServer(name), unavailable: undefined };
  const unavailable =
    `no ${kind.title} answers on 127.0.0.1:${kind.standardPort} and none is installed; ` +
    `install it (Debian: apt-get install ${kind.debianPackage}) or set ${variable} to the URL of one`;
  if (process.env["CI"]) throw new Error(unavailable);
  return { url: "", unavailable };
}

/** The URL of a server of this run's own. Test files run in processes: the first to come starts it. */
export async function privateServer(name: ServiceName): Promise<string> {
  const dir = join(runDir(), name);
  const record = `${dir}.json`;
  try {
    mkdirSync(dir);
  } catch {
    return await urlFrom(record, name);
  }
  try {
    const started = await SERVERS[name].start(dir);
    writeFileSync(record, JSON.stringify(started));
    return started.url;
  } catch (error) {
    writeFileSync(`${dir}.failed`, String(error));
    throw error;
  }
}

const START_MS = 60_000;

async function urlFrom(record: string, name: ServiceName): Promise<string> {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await wait(50)) {
    // The record may be seen half written: it counts once it ends.
    if (exists(record) && statSync(record).size > 2) return readRecord(record).url;
    if (exists(record.replace(/json$/, "failed")))
      throw new Error(`another test file could not start ${name}`);
  }
  throw new Error(`${name} was not ready within ${START_MS} ms`);
}

function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}
