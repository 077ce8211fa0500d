import { once } from "node:events";
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { GangerError } from "../errors.ts";
import { assertSocketPath, socketOf } from "./address.ts";
import { ControlConnection } from "./connection.ts";
import type { ControlRequest } from "./messages.ts";
import { probe } from "./probe.ts";

export type OnRequest = (request: ControlRequest, connection: ControlConnection) => void;

/** Where a manager can be asked for its status, or told to change: a socket that only its user may use. */
export class ControlServer implements AsyncDisposable {
  readonly socket: string;
  readonly #server: Server;
  readonly #connections: ReadonlySet<ControlConnection>;

  private constructor(socket: string, server: Server, connections: ReadonlySet<ControlConnection>) {
    this.socket = socket;
    this.#server = server;
    this.#connections = connections;
  }

  /** @throws `GANGER_CONTROL_FAILED` when nothing can be listened at in this directory. */
  static async listen(directory: string, onRequest: OnRequest): Promise<ControlServer> {
    const path = socketOf(directory, process.pid);
    assertSocketPath(path);
    const connections = new Set<ControlConnection>();
    const server = createServer((socket) => {
      const connection = new ControlConnection(socket, onRequest);
      connections.add(connection);
      socket.once("close", () => connections.delete(connection));
    });
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      await removeStale(path);
      server.listen(path);
      await once(server, "listening");
      chmodSync(path, 0o600);
    } catch (error) {
      server.close();
      throw cannotListen(path, error);
    }
    // What goes wrong with one connection, such as too many open files, is no reason to stop.
    server.on("error", () => undefined);
    return new ControlServer(path, server, connections);
  }

  /** Ends all conversations, once the clients have what was sent to them. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const connection of this.#connections) connection.close();
    await closed;
    rmSync(this.socket, { force: true });
  }
}

/** Of an earlier process with our id. One that answers is a manager in another container, with the same id. */
async function removeStale(path: string): Promise<void> {
  const found = await probe(path);
  if (found === "open" || found === "busy") {
    throw new Error("another process listens there; give each container a TMPDIR of its own");
  }
  rmSync(path, { force: true });
}

function cannotListen(path: string, cause: unknown): GangerError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new GangerError("GANGER_CONTROL_FAILED", `No control socket can be opened at ${path}: ${reason}`, {
    cause,
    hint: "The folder must belong to the user who starts the pool, and be on a local disk.",
  });
}
