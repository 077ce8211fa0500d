import { readdirSync, readFileSync, statSync } from "node:fs";

/** A manager that another user runs. */
export interface ForeignManager {
  readonly pid: number;
  /** The name of the user, or the number where the system has no name for it. */
  readonly user: string;
}

/**
 * A manager of this application that is another user's: nobody else can look into the folder with its socket, but its
 * title can be read. `undefined` when there is none, and where there is no /proc.
 */
export function findForeignManager(app: string): ForeignManager | undefined {
  const own = process.getuid?.();
  const title = `ganger[${app}]: manager `;
  for (const name of list("/proc")) {
    const pid = Number(name);
    const uid = Number.isInteger(pid) ? statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid : undefined;
    if (uid === undefined || uid === own) continue;
    if (read(`/proc/${pid}/cmdline`).startsWith(title)) return { pid, user: nameOf(uid) };
  }
  return undefined;
}

function nameOf(uid: number): string {
  const entry = new RegExp(`^([^:]+):[^:]*:${uid}:`, "m").exec(read("/etc/passwd"));
  return entry?.[1] ?? `${uid}`;
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
