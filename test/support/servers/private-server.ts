import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runDir } from "../run-dir.ts";
import { endServer, freePort, type ServerKind, type StartedServer } from "./server.ts";

/** A server of one test's own, that can be made to fail. It keeps its port and its data over its starts. */
export class PrivateServer implements AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly #kind: ServerKind;
  readonly #dir: string;
  #started: StartedServer | undefined;

  private constructor(kind: ServerKind, port: number) {
    this.#kind = kind;
    this.port = port;
    this.url = kind.url(port);
    this.#dir = mkdtempSync(join(runDir(), "private-"));
  }

  static async start(kind: ServerKind, settings: readonly string[] = []): Promise<PrivateServer> {
    const server = new PrivateServer(kind, await freePort());
    await server.start(settings);
    return server;
  }

  /** Starts it again, on its port and what it has kept. */
  async start(settings: readonly string[] = []): Promise<void> {
    this.#started = await this.#kind.start(this.#dir, { port: this.port, settings });
  }

  /** Ends it as its operator would, and resolves when it is gone. */
  async stop(): Promise<void> {
    if (this.#started !== undefined) await endServer(this.#started);
    this.#started = undefined;
  }

  /** Ends it with SIGKILL, with all its processes, and resolves when it is gone. */
  async kill(): Promise<void> {
    this.#signal("SIGKILL");
    await this.stop();
  }

  /** Stops its clock: connections stay open, and nothing is answered. */
  pause(): void {
    this.#signal("SIGSTOP");
  }

  resume(): void {
    this.#signal("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.resume();
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #signal(signal: NodeJS.Signals): void {
    for (const pid of this.#started?.pids ?? []) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended.
      }
    }
  }
}
