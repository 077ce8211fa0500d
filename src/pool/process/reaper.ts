import { childrenOf, stateOf } from "../../util/proc-stat.ts";

export interface ReaperOptions {
  /** Waits for a process without blocking, as only an addon can. Whether it was there to be waited for. */
  readonly reap?: ((pid: number) => boolean) | undefined;
  /** Processes that Node.js knows of, and waits for itself. */
  readonly isOurs: (pid: number) => boolean;
  readonly warn: (message: string) => void;
  /** Whose children. */
  readonly pid?: number | undefined;
}

/**
 * For a manager that is process 1, as in a container without an init: it inherits what its workers leave behind, and
 * somebody must take note of their end, or the table of processes fills up.
 */
export function startReaper({ pid = process.pid, reap, isOurs, warn }: ReaperOptions): Disposable {
  let seen = new Set<number>();
  let hasWarned = false;
  const look = () => {
    const dead = (childrenOf(pid) ?? []).filter((child) => !isOurs(child) && stateOf(child) === "Z");
    // What has been dead since the look before: of those that Node.js runs behind our back it takes note at once.
    const strangers = dead.filter((child) => seen.has(child));
    seen = new Set(dead);
    if (reap !== undefined) for (const child of strangers) reap(child);
    else if (strangers.length > 0 && !hasWarned) {
      hasWarned = true;
      warn(
        `${strangers.length} processes that ended are not waited for, such as ${strangers[0]}: ` +
          "run the container with an init (docker run --init)",
      );
    }
  };
  let isDue = false;
  const onDeath = () => {
    if (isDue) return;
    isDue = true;
    setImmediate(() => {
      isDue = false;
      look();
    }).unref();
  };
  const timer = setInterval(look, LOOK_MS).unref();
  process.on("SIGCHLD", onDeath);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      process.off("SIGCHLD", onDeath);
    },
  };
}

const LOOK_MS = 1000;
