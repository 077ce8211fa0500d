import { readFileSync } from "node:fs";

/** What Linux says of processes. */

/** A process and all that it started and that still run. */
export function treeOf(pid: number): readonly number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).trim();
  return [pid, ...(children === "" ? [] : children.split(" ")).flatMap((child) => treeOf(Number(child)))];
}

/** Memory in MiB: what is shared counts for each process by its share. */
export function pssOf(pids: readonly number[]): number {
  return sum(
    pids,
    (pid) => Number(/^Pss: +(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024,
  );
}

/** Milliseconds of CPU that they and the ended children they have waited for used so far, in ticks of 10 ms each. */
export function cpuOf(pids: readonly number[]): number {
  return sum(pids, (pid) => {
    const stat = read(`/proc/${pid}/stat`);
    // The name, in parentheses, may have spaces.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return sum(fields.slice(USER, CHILDREN_SYSTEM + 1), Number) * TICK_MS;
  });
}

const USER = 11;
const CHILDREN_SYSTEM = 14;
const TICK_MS = 10;

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}

/** Nothing of a process that has just ended. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
