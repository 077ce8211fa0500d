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
