import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ForkClient, type ForkOptions, serverFlags } from "../../lib/index.js";
import { node } from "./node.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

export interface Started {
  readonly path: string;
  readonly dir: string;
  readonly process: ChildProcess;
  readonly exited: Promise<unknown[]>;
  readonly client: ForkClient;
  readonly connect: () => Promise<ForkClient>;
}

interface Wanted {
  readonly program?: string;
  readonly flags?: readonly string[];
  readonly options?: Record<string, unknown>;
  readonly path?: string;
}

const ends: (() => Promise<void>)[] = [];

/** For `afterEach`: ends every server, and what it forked. */
export async function endAll(): Promise<void> {
  for (const end of ends.splice(0)) await end();
}

/** A server in a process of its own, with a life-line to this one on its descriptor 3, and a client of it. */
export async function startServer(wanted: Wanted = {}): Promise<Started> {
  const { program = "echo-server.mjs", flags, options } = wanted;
  const dir = mkdtempSync(join(tmpdir(), "ganger-fork-"));
  const path = wanted.path ?? join(dir, "fork.sock");
  const args = [...serverFlags({ titleLength: 80 }), ...(flags ?? []), fixture(program)];
  const child = spawn(node, [...args, path, JSON.stringify({ parentFd: 3, readyFd: 3, ...options })], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    // A group of its own, for the end.
    detached: true,
  });
  let errors = "";
  child.stderr?.on("data", (bytes: Buffer) => (errors += bytes.toString()));
  child.stdout?.resume();
  const exited = once(child, "exit");
  ends.push(async () => {
    try {
      process.kill(-(child.pid ?? 0), "SIGKILL");
    } catch {
      // All of it is gone.
    }
    await exited;
    rmSync(dir, { recursive: true, force: true });
  });
  const ready = child.stdio[3];
  if (!ready) throw new Error("no descriptor 3");
  const began = await Promise.race([once(ready, "data"), exited]);
  if (typeof began[0] === "number") throw new Error(`the server ended: ${errors}`);
  const connect = () => ForkClient.connect(path);
  return { path, dir, process: child, exited, client: await connect(), connect };
}

export const request = (run: string, fields: object = {}) => JSON.stringify({ run, ...fields });

/** Forks, waits for the end, and answers what the child printed with it. */
export async function runToEnd({ client, dir }: Started, body: string, options: ForkOptions = {}) {
  const file = join(dir, `out-${Math.random()}`);
  const child = await client.fork(body, { stdout: { file }, stderr: "stdout", ...options });
  const exit = await child.exited;
  return { pid: child.pid, ...exit, output: options.stdout === undefined ? readFileSync(file, "utf8") : "" };
}

export const descriptorCount = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;

/** Children of a process that have ended and were not waited for. */
export function zombiesOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean);
  return children.filter((child) => /^State:\s+Z/m.test(readFileSync(`/proc/${child}/status`, "utf8")))
    .length;
}

/** What the process has that it shares with none, in kB. */
export function privateMemory(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Anonymous:\s+(\d+)/m.exec(rollup)?.[1]);
}

/** Runs `work` for each number below `count`, some at a time. */
export async function inParallel(
  count: number,
  atOnce: number,
  work: (turn: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const line = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, line));
}
