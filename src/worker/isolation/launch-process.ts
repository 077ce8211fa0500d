import { type ChildProcess, spawn } from "node:child_process";
import { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { Link } from "../../ipc/link.ts";
import { killTree } from "../../util/kill-tree.ts";
import type { FromHost, HostStart, ToHost } from "./messages.ts";
import type { Launch } from "./transport.ts";

const PROGRAM = fileURLToPath(new URL("./process-main.js", import.meta.url));

/** Starts hosts as new processes. They are in the worker's process group, and die with it when that is killed. */
export function launchProcess(start: HostStart): Launch {
  return ({ onMessage, onOutput, onExit }) => {
    const child = spawn(process.execPath, [PROGRAM, TITLE_ROOM], {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    });
    const { stdout, stderr } = child;
    const socket = child.stdio[3];
    stdout?.setEncoding("utf8").on("data", (text: string) => onOutput("stdout", text));
    stderr?.setEncoding("utf8").on("data", (text: string) => onOutput("stderr", text));
    // Without descriptors to spare there are no streams; the child's error follows.
    const link =
      socket instanceof Duplex
        ? new Link<FromHost, ToHost>(socket, (message) => onMessage(message))
        : undefined;
    const kill = () => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        killTree(child.pid);
    };
    watch(child, onExit);
    if (link !== undefined) void killWhenMute(link, kill);
    link?.send({ type: "start", start });
    return {
      pid: child.pid,
      send: (message) => void link?.send(message),
      end: () => link?.close(),
      kill,
    };
  };
}

/** What can be heard no more is at its end, or should be: nobody would learn what becomes of its run. */
export async function killWhenMute(
  { closed }: Pick<Link<FromHost, ToHost>, "closed">,
  kill: () => void,
): Promise<void> {
  await closed;
  setTimeout(kill, MUTE_MS).unref();
}

/** Tells once how it ended, when its last words have been read; but somebody it started may hold its streams. */
function watch(child: ChildProcess, onExit: (how: string | undefined) => void): void {
  let isGone = false;
  const end = (how: string | undefined) => {
    if (!isGone) onExit(how);
    isGone = true;
  };
  child.once("exit", (code, signal) => {
    const how = code === 0 ? undefined : `with ${signal ?? `exit status ${code}`}`;
    child.once("close", () => end(how));
    setTimeout(end, LAST_WORDS_MS, how);
  });
  child.once("error", (error) => {
    if (child.pid === undefined) end(`before it began: ${error.message}`);
  });
}

const LAST_WORDS_MS = 100;
const MUTE_MS = 2000;

/** A title has as much room as the command line had. */
const TITLE_ROOM = " ".repeat(160);
