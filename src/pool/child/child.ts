import { type ChildProcess, spawn } from "node:child_process";
import { Duplex, PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { LINK_DESCRIPTOR, Link } from "../../ipc/link.ts";
import { tryKill } from "../../util/kill-tree.ts";
import { descendantsOf } from "../../util/proc-stat.ts";

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started at all. */
  readonly error?: string;
}

export function describeExit({ code, signal }: Exit): string {
  return signal ?? (code === null ? "nobody there to see how" : `exit status ${code}`);
}

/** A process of the pool, and the link to it. */
export interface Child<Out> {
  readonly pid: number | undefined;
  send(message: Out): boolean;
  /** SIGKILL ends what the process has started as well. */
  kill(signal: NodeJS.Signals): void;
}

/** Where the output of one process goes. */
export interface Stdio extends Disposable {
  readonly stdout: number | "inherit" | "ignore";
  readonly stderr: number | "inherit" | "ignore";
}

export const INHERITED: Stdio = { stdout: "inherit", stderr: "inherit", [Symbol.dispose]: () => undefined };

/** What all processes of a pool have in common. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called for each process, and disposed of when it has been started. */
  readonly openStdio: () => Stdio;
  /**
   * A group of its own: an interrupt from the terminal reaches the manager alone, which knows what is to be done.
   * Or that of the manager, for those who signal a whole group.
   */
  readonly processGroup: "own" | "single";
}

export interface ChildOptions<In> extends Surroundings {
  readonly program: URL;
  readonly onMessage: (message: In) => void;
  /** Called once, when the operating system says so. */
  readonly onExit: (exit: Exit) => void;
}

/** Starts a program of ours as a new process that speaks over a socket of its own. */
export function startChild<In extends { readonly type: string }, Out>(options: ChildOptions<In>): Child<Out> {
  const { program, onMessage, onExit } = options;
  const command = [process.execPath, fileURLToPath(program), TITLE_ROOM];
  const child = spawnAmid(options, command, ["pipe"]);
  if (child instanceof Error) return stillborn(child, onExit);
  const link = new Link<In, Out>(streamOf(child), onMessage);
  watch(child, (exit) => {
    if (options.processGroup === "own" && child.pid !== undefined && wasCutOff(exit)) tryKill(-child.pid);
    onExit(exit);
  });
  return {
    pid: child.pid,
    send: (message) => link.send(message),
    kill: (signal) => kill(child, signal, options.processGroup),
  };
}

/** Its jobs run again elsewhere: what they had started would go on beside that. */
function wasCutOff({ code, signal }: Exit): boolean {
  return signal !== null || code !== 0;
}

/**
 * Starts a process; `more` are its streams besides the three that all have.
 *
 * Of want of memory and the like Node.js throws, of want of descriptors it tells
 * later; neither may end a manager.
 */
export function spawnAmid(
  { env, processGroup, openStdio }: Surroundings,
  [file = "", ...args]: readonly string[],
  more: readonly "pipe"[] = [],
): ChildProcess | Error {
  try {
    using stdio = openStdio();
    return spawn(file, args, {
      env,
      detached: processGroup === "own",
      stdio: ["ignore", stdio.stdout, stdio.stderr, ...more],
    });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** A process that never was; its end is told like that of any other. */
export function stillborn({ message }: Error, onExit: (exit: Exit) => void): Child<unknown> {
  setImmediate(onExit, { code: null, signal: null, error: message });
  return { pid: undefined, send: () => false, kill: () => undefined };
}

/** A title has as much room as the command line had. */
const TITLE_ROOM = " ".repeat(160);

/** Tells once how a process ended. */
export function watch(child: ChildProcess, onExit: (exit: Exit) => void): void {
  let isGone = false;
  const end = (exit: Exit) => {
    if (isGone) return;
    isGone = true;
    onExit(exit);
  };
  child.once("exit", (code, signal) => end({ code, signal }));
  // It could not be started at all, as when there are too many processes.
  child.once("error", ({ message }) => {
    if (child.pid === undefined) end({ code: null, signal: null, error: message });
  });
}

export function kill(child: ChildProcess, signal: NodeJS.Signals, group: Surroundings["processGroup"]): void {
  const { pid } = child;
  // To a child that was never started Node.js says kill(0, …), which ends our own process group.
  if (pid === undefined) return;
  if (signal !== "SIGKILL") {
    child.kill(signal);
    return;
  }
  const all = group === "own" ? [-pid] : descendantsOf(pid);
  child.kill(signal);
  for (const other of all) tryKill(other);
}

/** Without descriptors to spare there is no stream at all, whatever the types say; the child's error follows. */
function streamOf(child: Partial<ChildProcess>): Duplex {
  const stream = child.stdio?.[LINK_DESCRIPTOR];
  return stream instanceof Duplex ? stream : new PassThrough().destroy();
}
