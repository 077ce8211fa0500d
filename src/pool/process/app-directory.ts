import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { GangerError } from "../../errors.ts";
import { ledgerDirectory } from "../../ipc/ledger.ts";

export interface AppIdentity {
  readonly app: string;
  readonly broker: string;
  readonly pidfile?: string | undefined;
}

/**
 * Where the managers of one pool on this host leave word for each other. Two pools are two: by name, broker and pidfile.
 * So are those of two containers that share the folder, as process ids of one say nothing in the other.
 *
 * @throws `GANGER_POOL_FAILED` when it would not be this user's alone.
 */
export function appDirectory(identity: AppIdentity, within = ledgerDirectory()): string {
  const directory = pathOf(identity, within);
  for (const folder of [within, directory]) ensureOwn(folder);
  return directory;
}

/**
 * The same for those who only look: it may not be there, and is not made.
 *
 * @throws `GANGER_POOL_FAILED` when it is there and another user's.
 */
export function findAppDirectory(identity: AppIdentity, within = ledgerDirectory()): string {
  const directory = pathOf(identity, within);
  for (const folder of [within, directory]) {
    const reason = whyForeign(folder);
    if (reason !== undefined) throw unusable(folder, new Error(reason));
  }
  return directory;
}

function pathOf({ app, broker, pidfile }: AppIdentity, within: string): string {
  const place = pidfile === undefined ? "" : realPath(resolve(pidfile));
  const name = createHash("sha256")
    .update(JSON.stringify([app, broker, place, pidNamespace()]))
    .digest("hex")
    .slice(0, 16);
  return join(within, `pool-${name}`);
}

/** Processes know each other by their ids within one; empty where there is no such thing. */
function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

/** The same file by whatever path to its folder, whether it is there or not. */
function realPath(file: string): string {
  try {
    return join(realpathSync(dirname(file)), basename(file));
  } catch {
    const above = dirname(file);
    return above === file ? file : join(realPath(above), basename(file));
  }
}

function ensureOwn(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const reason = whyForeign(directory);
    if (reason !== undefined) throw new Error(reason);
    if ((lstatSync(directory).mode & 0o077) !== 0) chmodSync(directory, 0o700);
  } catch (error) {
    throw unusable(directory, error);
  }
}

/** Of the link itself: one that somebody else has put there may lead anywhere. */
function whyForeign(directory: string): string | undefined {
  const stat = lstatSync(directory, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const isOurs = stat.isDirectory() && stat.uid === (process.getuid?.() ?? stat.uid);
  return isOurs ? undefined : "it belongs to another user";
}

function unusable(directory: string, error: unknown): GangerError {
  const reason = error instanceof Error ? error.message : String(error);
  return new GangerError("GANGER_POOL_FAILED", `The folder ${directory} cannot be used: ${reason}`, {
    cause: error,
    hint: "Remove it, or set TMPDIR to a folder of this user's own.",
  });
}
