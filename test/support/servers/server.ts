import { spawn, spawnSync } from "node:child_process";
import { accessSync, chownSync, constants, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** How one kind of server is found, recognised and started for tests. */
export interface ServerKind {
  readonly title: string;
  readonly debianPackage: string;
  readonly standardPort: number;
  readonly url: (port: number) => string;
  /** What to say to a server so that it shows that it would let us in. */
  readonly greeting: Greeting;
  /** Where its program is, or `undefined` when it is not installed. */
  readonly binary: () => string | undefined;
  /** Starts one that keeps its data in `dir`, on the data that is there, and resolves when it lets us in. */
  readonly start: (dir: string, options?: StartOptions) => Promise<StartedServer>;
}

export interface StartOptions {
  /** @default one that is free */
  readonly port?: number | undefined;
  /** More arguments of the server, each in its own words, or lines of its configuration for RabbitMQ. */
  readonly settings?: readonly string[] | undefined;
}

export interface Greeting {
  /** Sent first; not for servers that speak first. */
  readonly hello?: Buffer;
  /** Reads all that came so far: welcome, refused, what to answer, or `undefined` while it cannot tell. */
  readonly judge: (received: Buffer) => boolean | Buffer | undefined;
}

export interface StartedServer {
  readonly url: string;
  readonly pids: readonly number[];
}

/** Finds a program on the PATH, and then where Debian puts servers that it keeps off it. */
export function findBinary(name: string, folders: readonly string[] = []): string | undefined {
  const path = (process.env["PATH"] ?? "").split(delimiter);
  return [...path, "/usr/sbin", ...folders].map((folder) => join(folder, name)).find(isProgram);
}

export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether a server of this kind listens on a port of loopback and would let us in. */
export function answers({ greeting }: ServerKind, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const socket = connect({ host: "127.0.0.1", port });
    const settle = (verdict: boolean): void => {
      resolve(verdict);
      socket.destroy();
    };
    socket.setTimeout(2000, () => settle(false));
    socket.on("error", () => settle(false));
    socket.on("close", () => settle(false));
    socket.on("connect", () => {
      if (greeting.hello !== undefined) socket.write(greeting.hello);
    });
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const verdict = greeting.judge(received);
      if (typeof verdict === "boolean") settle(verdict);
      else if (verdict !== undefined) socket.write(verdict);
    });
  });
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  if (address === null || typeof address === "string") throw new Error("a TCP server has no port");
  return address.port;
}

/** Who a server runs as: some refuse to run as root, and have a user of their own for that. */
export interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

export function identityOf(user: string): Identity {
  if (process.getuid?.() !== 0) return {};
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${user}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined || gid === undefined ? {} : { uid: Number(uid), gid: Number(gid) };
}

export function giveTo({ uid, gid }: Identity, dir: string): void {
  if (uid !== undefined && gid !== undefined) chownSync(dir, uid, gid);
}

export interface Command {
  readonly binary: string;
  readonly args: readonly string[];
  readonly dir: string;
  readonly identity?: Identity;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a preparing step to its end, or throws with what it printed. */
export function prepare({ binary, args, dir, identity = {}, env = {} }: Command): void {
  const options = { ...identity, cwd: dir, encoding: "utf8", env: { ...process.env, ...env } } as const;
  const { status, stdout, stderr } = spawnSync(binary, args, options);
  if (status !== 0) throw new Error(`${binary} ended with ${status}:\n${stdout}${stderr}`);
}

/** Starts a server that outlives this test file, and waits until it lets us in. */
export async function startServer(kind: ServerKind, port: number, command: Command): Promise<StartedServer> {
  const { binary, args, dir, identity = {}, env = {} } = command;
  const log = join(dir, "server.log");
  const output = openSync(log, "a");
  const child = spawn(binary, args, {
    ...identity,
    cwd: dir,
    detached: true,
    stdio: ["ignore", output, output],
    env: { ...process.env, ...env },
  });
  const ended = new Promise<"ended">((resolve) => {
    child.on("error", () => resolve("ended"));
    child.on("exit", () => resolve("ended"));
  });
  child.unref();
  for (const deadline = Date.now() + 50_000; Date.now() < deadline; ) {
    if (await answers(kind, port)) return { url: kind.url(port), pids: [child.pid ?? 0] };
    if ((await Promise.race([ended, wait(50)])) === "ended") break;
  }
  child.kill("SIGKILL");
  throw new Error(`${kind.title} did not start:\n${existsSync(log) ? readFileSync(log, "utf8") : ""}`);
}

/** Ends a server by its process ids; one that does not listen is killed. */
export async function endServer({ pids }: StartedServer): Promise<void> {
  pids.forEach((pid) => send(pid, "SIGTERM"));
  for (const deadline = Date.now() + 10_000; pids.some((pid) => send(pid, 0)); await wait(20)) {
    if (Date.now() >= deadline) pids.forEach((pid) => send(pid, "SIGKILL"));
  }
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal) && !isZombie(pid);
  } catch {
    return false;
  }
}

/** A server whose test process is gone may wait for an init that never reaps it. */
function isZombie(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** Folders such as `/usr/lib/postgresql/15/bin`, the newest version first. */
export function versionFolders(parent: string): readonly string[] {
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(parent, version, "bin"));
}
