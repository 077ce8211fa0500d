import { descendantsOf } from "./proc-stat.ts";

/** SIGKILL for a process and all that it has started, as far as their parents are still there. */
export function killTree(pid: number): void {
  for (const each of [pid, ...descendantsOf(pid)]) tryKill(each);
}

/** `pid` may be a process group, as for `kill(2)`. Being gone is what was wanted. */
export function tryKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {}
}
