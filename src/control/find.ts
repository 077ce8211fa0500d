import { readdirSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pidOf } from "./address.ts";
import { probe } from "./probe.ts";

export interface FoundManager {
  readonly pid: number;
  readonly socket: string;
}

/** A socket refuses between the two system calls that open it, too. */
const YOUNG_MS = 10_000;

/** The managers that can be reached in some directories, the newest first. Sockets of dead ones are deleted. */
export async function findManagers(...directories: readonly string[]): Promise<readonly FoundManager[]> {
  const found = await Promise.all(
    directories.flatMap((directory) => namesIn(directory).map((name) => look(directory, name))),
  );
  return found
    .filter((manager) => manager !== undefined)
    .sort((a, b) => b.sinceMs - a.sinceMs || b.pid - a.pid)
    .map(({ pid, socket }) => ({ pid, socket }));
}

async function look(
  directory: string,
  name: string,
): Promise<(FoundManager & { readonly sinceMs: number }) | undefined> {
  const pid = pidOf(name);
  if (pid === undefined) return undefined;
  const socket = join(directory, name);
  // A socket is as old as the manager that listens at it.
  const sinceMs = await stat(socket).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
  if (sinceMs === undefined) return undefined;
  const state = await probe(socket);
  if (state === "open" || state === "busy") return { pid, socket, sinceMs };
  if (state === "refused" && (!isAlive(pid) || Date.now() - sinceMs > YOUNG_MS)) {
    await rm(socket, { force: true }).catch(() => undefined);
  }
  return undefined;
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive, too.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
