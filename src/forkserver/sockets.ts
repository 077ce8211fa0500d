import { basename, dirname, join } from "node:path";

/**
 * Where a worker that came from the fork server at this socket hears from its jobs' processes: in the same folder, which
 * is this user's alone. Whoever sees the worker end removes it, should that not have come to do so.
 */
export function jobsSocketOf(forks: string, pid: number): string {
  return join(dirname(forks), `jobs-${pid}`);
}

/**
 * Where a fork server rehearses before it listens at `forks`: nobody else knows that place. Workers of the server before it
 * connect to `forks` again and again, and one that came to a rehearsal would never be answered.
 */
export function rehearsalSocketOf(forks: string): string {
  return join(dirname(forks), basename(forks).replace("forks", "tries"));
}

/** Why no fork server can listen at this path, half a sentence; `undefined` when it can. What is beside it has no longer name. */
export function whyUnreachable(socket: string): string | undefined {
  const bytes = Buffer.byteLength(socket);
  if (bytes <= MAX_PATH_BYTES) return undefined;
  return `the path of its socket has ${bytes} bytes, and may have ${MAX_PATH_BYTES}: ${socket}; set TMPDIR to a folder with a shorter path`;
}

/** Linux has 108, one of them for the end. What is longer Node.js cuts off, and listens somewhere else. */
const MAX_PATH_BYTES = 107;
