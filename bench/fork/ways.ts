import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ForkClient, serverFlags } from "ganger-fork";
import { Switchboard } from "../../src/ipc/switchboard.ts";
import type { Defer } from "../scope.ts";
import { type Life, now, Voice, type Way, type Word } from "./life.ts";

export type Open = (module: string, defer: Defer) => Promise<Way>;

const program = (name: string) => fileURLToPath(new URL(`../programs/fork/${name}`, import.meta.url));

/** Copy-on-write forks of a process that has the application. */
export async function openForks(module: string, defer: Defer): Promise<Way> {
  const folder = mkdtempSync(join(tmpdir(), "ganger-bench-fork-"));
  const socket = join(folder, "server");
  const server = spawn(process.execPath, [...serverFlags(), program("fork-server.mjs"), module, socket], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  defer(() => rmSync(folder, { recursive: true, force: true }));
  defer(() => kill(server));
  const [said] = await once(server.stdio[3] ?? server, "data");
  if (!String(said).startsWith("ready")) throw new Error(`the fork server says ${said}`);
  const client = await ForkClient.connect(socket);
  const board = await Switchboard.open(join(folder, "board"));
  defer(() => board.close());
  const pids = new Set([server.pid ?? 0]);
  const start = async (): Promise<Life> => {
    const asked = now();
    let hello = "";
    const connected = new Promise<Socket>((resolve) => {
      hello = board.expect(resolve);
    });
    const child = await client.fork("", { sockets: [{ socket: board.path, hello }] });
    pids.add(child.pid);
    const voice = new Voice();
    void child.exited.then(() => voice.hear({ type: "ended" }));
    const stream = await connected;
    createInterface({ input: stream }).on("line", (line) => voice.hear(JSON.parse(line)));
    const { at } = await voice.next("began");
    return {
      firstLineMs: at - asked,
      work: (jobs) => told(voice, () => stream.write(JSON.stringify({ jobs }))),
      async end() {
        const ended = voice.next("ended");
        stream.end();
        await ended;
        pids.delete(child.pid);
      },
    };
  };
  return { start, pids: () => [...pids] };
}

/** A new process of Node.js' own `fork`, which loads the application. */
export async function openProcesses(module: string, defer: Defer): Promise<Way> {
  const children = new Set<ChildProcess>();
  defer(() => Promise.all(Array.from(children, kill)));
  const start = async (): Promise<Life> => {
    const asked = now();
    const child = fork(program("process.mjs"), [module]);
    children.add(child);
    const voice = new Voice();
    child.on("message", (word: Word) => voice.hear(word));
    child.once("exit", () => voice.hear({ type: "ended" }));
    const { at } = await voice.next("began");
    return {
      firstLineMs: at - asked,
      work: (jobs) => told(voice, () => child.send({ jobs })),
      async end() {
        const ended = voice.next("ended");
        child.disconnect();
        await ended;
        children.delete(child);
      },
    };
  };
  return { start, pids: () => Array.from(children, ({ pid = 0 }) => pid) };
}

/** A new thread of `worker_threads`, which loads the application, in a process that has nothing else. */
export async function openThreads(module: string, defer: Defer): Promise<Way> {
  const host = fork(program("thread-host.mjs"), [module]);
  defer(() => kill(host));
  const voices = new Map<number, Voice>();
  host.on("message", (word: Word & { readonly life: number }) => voices.get(word.life)?.hear(word));
  let count = 0;
  const start = async (): Promise<Life> => {
    const life = ++count;
    const voice = new Voice();
    voices.set(life, voice);
    const began = voice.next("began");
    host.send({ type: "start", life });
    const { at, asked = at } = await began;
    return {
      firstLineMs: at - asked,
      work: (jobs) => told(voice, () => host.send({ type: "work", life, jobs })),
      async end() {
        const ended = voice.next("ended");
        host.send({ type: "end", life });
        await ended;
        voices.delete(life);
      },
    };
  };
  return { start, pids: () => [host.pid ?? 0] };
}

async function told(voice: Voice, tell: () => unknown): Promise<void> {
  const worked = voice.next("worked");
  tell();
  await worked;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
