import { type ChildProcess, spawn } from "node:child_process";
import { fstatSync } from "node:fs";
import { Socket } from "node:net";
import { Duplex } from "node:stream";
import { GangerError } from "../../errors.ts";
import { fromFailure } from "../../ipc/failure.ts";
import { LINK_DESCRIPTOR, Link } from "../../ipc/link.ts";
import type { Failure } from "../../ipc/messages.ts";
import { LogFile } from "./log-file.ts";

/** What a daemon says to the process that started it: one word. */
type FromDaemon =
  | { readonly type: "up"; readonly shortfall?: string | undefined }
  | { readonly type: "failed"; readonly failure: Failure };

export interface DaemonOptions {
  /** What Node.js is to run: a file and its arguments. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Told once why the daemon did not come up. */
  readonly report: (error: GangerError) => void;
  /** Told once what it lacks, if it is up and not complete. */
  readonly warn: (shortfall: string) => void;
}

/**
 * Starts a process in the background, in a session of its own, and waits until it has said that it is up. Resolves to
 * the exit status for this process. An interrupt while it waits is passed on.
 *
 * @throws `GANGER_LOG_FAILED` when a file for its output cannot be opened.
 */
export async function daemonize(options: DaemonOptions): Promise<number> {
  const { report } = options;
  const daemon = start(options);
  const pass = (signal: NodeJS.Signals) => {
    if (daemon.pid !== undefined) daemon.kill(signal);
  };
  for (const signal of PASSED_ON) process.on(signal, pass);
  try {
    const word = await firstWord(daemon, options);
    if (!(word instanceof GangerError)) return 0;
    report(word);
    return daemon.exitCode || 1;
  } finally {
    for (const signal of PASSED_ON) process.off(signal, pass);
    daemon.removeAllListeners().unref();
    const link = daemon.stdio[LINK_DESCRIPTOR];
    if (link instanceof Duplex) link.destroy();
  }
}

const VARIABLE = "GANGER_DAEMON";
const PASSED_ON = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function start({ args, env, cwd, stdout, stderr }: DaemonOptions): ChildProcess {
  const files = [stdout, stderr].map((path) => new LogFile(path));
  const [out = "ignore", err = "ignore"] = files.map(({ fd }) => fd);
  try {
    return spawn(process.execPath, args, {
      cwd,
      env: { ...env, [VARIABLE]: "1" },
      detached: true,
      stdio: ["ignore", out, err, "pipe"],
    });
  } finally {
    for (const file of files) file[Symbol.dispose]();
  }
}

/** `undefined` when it is up. One that failed is given a moment to put away its things. */
function firstWord(daemon: ChildProcess, { stderr, warn }: DaemonOptions): Promise<GangerError | undefined> {
  return new Promise((resolve) => {
    let failure: GangerError | undefined;
    const onMessage = (message: FromDaemon) => {
      if (message.type === "up") {
        if (message.shortfall !== undefined) warn(message.shortfall);
        return resolve(undefined);
      }
      if (message.type !== "failed") return;
      failure = fromFailure(message.failure, "GANGER_DAEMON_FAILED");
      setTimeout(resolve, PATIENCE_MS, failure).unref();
    };
    const stream = daemon.stdio[LINK_DESCRIPTOR];
    const link = stream instanceof Duplex ? new Link<FromDaemon, never>(stream, onMessage) : undefined;
    daemon.once("error", (error) => resolve(failed(`it could not be started: ${error.message}`, stderr)));
    daemon.once("exit", (code, signal) => {
      const how = signal === null ? `it ended with exit status ${code}` : `it was ended by ${signal}`;
      // Its last word may still be on the way.
      void (link?.closed ?? Promise.resolve()).then(() => resolve(failure ?? failed(how, stderr)));
    });
  });
}

const PATIENCE_MS = 5000;

function failed(how: string, stderr: string): GangerError {
  return new GangerError("GANGER_DAEMON_FAILED", `The pool did not come up in the background: ${how}`, {
    hint: `See ${stderr} for what it said, or start without --daemon.`,
  });
}

/** The process that waits in the foreground. The first word counts, and is the last. */
export interface DaemonParent {
  up(shortfall?: string): void;
  failed(failure: Failure): void;
}

/** In a process that `daemonize` started, once; `undefined` in any other. */
export function daemonParent(
  env: Record<string, string | undefined> = process.env,
): DaemonParent | undefined {
  const isDaemon = env[VARIABLE] === "1";
  // A worker that starts a pool of its own is no daemon.
  delete env[VARIABLE];
  if (!isDaemon || !isSocket(LINK_DESCRIPTOR)) return undefined;
  const socket = new Socket({ fd: LINK_DESCRIPTOR });
  socket.unref();
  const link = new Link<never, FromDaemon>(socket, () => undefined);
  const say = (word: FromDaemon) => {
    link.send(word);
    socket.end(() => socket.destroy());
  };
  return {
    up: (shortfall) => say({ type: "up", shortfall }),
    failed: (failure) => say({ type: "failed", failure }),
  };
}

function isSocket(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isSocket();
  } catch {
    return false;
  }
}
