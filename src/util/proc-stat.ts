import { readdirSync, readFileSync } from "node:fs";
import { endianness, uptime } from "node:os";

/**
 * When a process was started, in clock ticks since the machine was. With its pid it names one process for good, for
 * pids are given out again. `undefined` when it is gone, and where there is no /proc.
 */
export function startTimeOf(pid: number): number | undefined {
  const start = statOf(pid)?.[START_TIME];
  return start === undefined ? undefined : Number(start);
}

/** How long ago a process was started; `undefined` when it cannot be told. */
export function ageOf(pid: number): number | undefined {
  const start = startTimeOf(pid);
  if (start === undefined) return undefined;
  const seconds = uptime() - start / TICKS_PER_SECOND;
  // A container may have an uptime of its own, while its processes count from the start of the machine.
  return seconds < 0 ? undefined : seconds * 1000;
}

/** What the kernel tells programs, whatever it counts in itself. */
const TICKS_PER_SECOND = 100;

/** The name of what runs, of which the kernel keeps fifteen bytes. */
export function nameOf(pid: number): string | undefined {
  return read(`/proc/${pid}/comm`)?.trim();
}

/** The letter that `ps` shows: `R`, `S`, `D`, `T`, and `Z` for one that has ended and was not waited for. */
export function stateOf(pid: number): string | undefined {
  return statOf(pid)?.[STATE];
}

/** The process group that a process is in. */
export function groupOf(pid: number): number | undefined {
  const group = statOf(pid)?.[GROUP];
  return group === undefined ? undefined : Number(group);
}

/** The processes that a process has started, and those it inherited as process 1. */
export function childrenOf(pid: number): readonly number[] | undefined {
  let threads: readonly string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return undefined;
  }
  return threads.flatMap((thread) => {
    const text = read(`/proc/${pid}/task/${thread}/children`) ?? "";
    return text.split(" ").filter(Boolean).map(Number);
  });
}

/** Bytes of a process that are in memory, shared pages included. */
export function residentOf(pid: number): number | undefined {
  const pages = read(`/proc/${pid}/statm`)?.split(" ")[1];
  return pages === undefined ? undefined : Number(pages) * pageSize();
}

/** Bytes of a process that are in memory, each shared page divided among those that share it. Dear to find out. */
export function proportionalOf(pid: number): number | undefined {
  const kilobytes = /^Pss: +(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? "")?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** All that a process has started, and what these have, as far as their parents are still there. */
export function descendantsOf(pid: number): readonly number[] {
  const found = [...(childrenOf(pid) ?? [])];
  // It grows while it is walked.
  for (const child of found) found.push(...(childrenOf(child) ?? []));
  return found;
}

/** Resident bytes of a process and of its descendants. */
export function residentTree(pid: number): number | undefined {
  const own = residentOf(pid);
  if (own === undefined) return undefined;
  return descendantsOf(pid).reduce((sum, child) => sum + (residentOf(child) ?? 0), own);
}

/** Counted from the field after the name. */
const STATE = 0;
const GROUP = 2;
const START_TIME = 19;

/** The name of a program may hold spaces and parentheses: fields are counted from the last of these. */
function statOf(pid: number): readonly string[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(")") + 2).split(" ");
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return undefined;
  }
}

let knownPageSize: number | undefined;

/** The kernel hands each process a table of facts at its start; the size of a page is one of them. */
function pageSize(): number {
  knownPageSize ??= readPageSize() ?? 4096;
  return knownPageSize;
}

const AT_PAGESZ = 6;

function readPageSize(): number | undefined {
  const text = read("/proc/self/auxv");
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, "latin1");
  const width = ["arm", "ia32", "mipsel"].includes(process.arch) ? 4 : 8;
  const wordAt = (offset: number) =>
    endianness() === "LE" ? bytes.readUIntLE(offset, 4) : bytes.readUIntBE(offset + width - 4, 4);
  for (let offset = 0; offset + 2 * width <= bytes.length; offset += 2 * width) {
    if (wordAt(offset) === AT_PAGESZ) return wordAt(offset + width);
  }
  return undefined;
}
