import type { ExecProgram } from "../../config/resolved.ts";
import type { FromWorker, ToWorker } from "../../ipc/messages.ts";
import { childrenOf, descendantsOf } from "../../util/proc-stat.ts";
import { type Child, type Exit, kill, type Surroundings, spawnAmid, stillborn, watch } from "./child.ts";
import { type ShellCommand, shellCommand } from "./shell-command.ts";

export interface ExecOptions extends Surroundings {
  readonly exec: ExecProgram;
  readonly onMessage: (message: FromWorker) => void;
  readonly onExit: (exit: Exit) => void;
}

/** Starts a worker that is the user's own program: what others are told in messages, it is told by signals. */
export function startExec(options: ExecOptions): Child<ToWorker> {
  const { exec, onMessage, onExit, processGroup } = options;
  const { argv, isMinded } = toCommand(exec);
  const child = spawnAmid(options, argv);
  if (child instanceof Error) return stillborn(child, onExit);
  const timer = setTimeout(() => onMessage({ type: "ready" }), exec.readyMs);
  watch(child, (exit) => {
    clearTimeout(timer);
    onExit(exit);
  });
  return {
    pid: child.pid,
    send(message) {
      const signal = signalFor(message, exec);
      if (signal === undefined || child.pid === undefined) return signal !== undefined;
      if (isMinded) tellStarted(child.pid, signal, options);
      child.kill(signal);
      return true;
    },
    kill(signal) {
      if (isMinded && child.pid !== undefined) tellAll(child.pid, signal, processGroup);
      kill(child, signal, processGroup);
    },
  };
}

function toCommand(exec: ExecProgram): Pick<ShellCommand, "isMinded"> & { readonly argv: readonly string[] } {
  const { command } = exec;
  return typeof command === "string" ? shellCommand(command, exec) : { argv: command, isMinded: false };
}

/** What a shell has started, and not what that has: a worker minds its own jobs. */
function tellStarted(shell: number, signal: NodeJS.Signals, { processGroup }: Surroundings): void {
  const children = childrenOf(shell);
  if (children !== undefined) for (const pid of children) tell(pid, signal);
  else if (processGroup === "own") tell(-shell, signal);
}

/** The last rungs are for all that there is. */
function tellAll(shell: number, signal: NodeJS.Signals, processGroup: Surroundings["processGroup"]): void {
  for (const pid of processGroup === "own" ? [-shell] : descendantsOf(shell)) tell(pid, signal);
}

function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone.
  }
}

function signalFor({ type }: ToWorker, exec: ExecProgram): NodeJS.Signals | undefined {
  switch (type) {
    case "drain":
    case "abort":
    case "cut":
    case "pause":
    case "resume":
      return exec[type];
    case "start":
    case "serve":
    case "limits":
    case "coordinator":
      return undefined;
  }
}
