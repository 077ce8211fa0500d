import { type ChildProcess, spawn } from "node:child_process";
import { Duplex, PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { LINK_DESCRIPTOR, Link } from "../ipc/link.ts";

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process of the pool, and the link to it. */
export interface Child<Out> {
  readonly pid: number | undefined;
  send(message: Out): boolean;
  kill(signal: NodeJS.Signals): void;
}

export interface ChildOptions<In> {
  readonly program: URL;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly args?: readonly string[];
  readonly onMessage: (message: In) => void;
  /** Called once, when the operating system says so. */
  readonly onExit: (exit: Exit) => void;
}

/** Starts a program of ours as a new process that speaks over a socket of its own. */
export function startChild<In extends { readonly type: string }, Out>(options: ChildOptions<In>): Child<Out> {
  const { program, env, args = [], onMessage, onExit } = options;
  const child = spawn(process.execPath, [...args, fileURLToPath(program)], {
    env,
    stdio: ["ignore", "inherit", "inherit", "pipe"],
    // A group of its own: an interrupt from the terminal reaches the manager alone, which knows what is to be done.
    detached: true,
  });
  const link = new Link<In, Out>(streamOf(child), onMessage);
  let isGone = false;
  const end = (exit: Exit) => {
    if (isGone) return;
    isGone = true;
    onExit(exit);
  };
  child.once("exit", (code, signal) => end({ code, signal }));
  // It could not be started at all, as when there are too many processes.
  child.once("error", () => {
    if (child.pid === undefined) end({ code: null, signal: null });
  });
  return {
    pid: child.pid,
    send: (message) => link.send(message),
    kill(signal) {
      // To a child that was never started Node.js says kill(0, …), which ends our own process group.
      if (child.pid !== undefined) child.kill(signal);
    },
  };
}

/** Without descriptors to spare there is no stream at all, whatever the types say; the child's error follows. */
function streamOf(child: Partial<ChildProcess>): Duplex {
  const stream = child.stdio?.[LINK_DESCRIPTOR];
  return stream instanceof Duplex ? stream : new PassThrough().destroy();
}
