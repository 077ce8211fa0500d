import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Stands between a client and a server on loopback, and fails as a network does. */
export class Proxy implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #target: number;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #swallows = false;

  private constructor(server: Server, port: number, target: number) {
    this.#server = server;
    this.port = port;
    this.#target = target;
    server.on("connection", (client) => this.#join(client));
  }

  static async start(target: number): Promise<Proxy> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("a TCP server has no port");
    return new Proxy(server, address.port, target);
  }

  /** How many connections go through it now. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Cuts so many connections, the oldest first, without a farewell. */
  cut(amount = Number.POSITIVE_INFINITY): void {
    for (const [client, server] of [...this.#pairs].slice(0, amount)) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** From now on nothing comes through, and nobody is told: connections are half open. New ones are taken and swallowed too. */
  swallow(): void {
    this.#swallows = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** Lets everything through again, what was held back first. */
  pass(): void {
    this.#swallows = false;
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  /** From now on whoever connected last hears nothing more, and is not told. */
  deafen(): void {
    Array.from(this.#pairs).at(-1)?.[1].pause();
  }

  /** What is half open now stays so, and new connections are whole. */
  forsake(): void {
    this.#swallows = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, "close");
  }

  #join(client: Socket): void {
    const server = connect(this.#target, "127.0.0.1");
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [server, client] as const]) {
      from.on("error", () => {});
      from.on("data", (bytes) => {
        if (!to.write(bytes)) from.pause();
      });
      to.on("drain", () => {
        if (!this.#swallows) from.resume();
      });
      from.on("close", () => {
        this.#pairs.delete(pair);
        to.destroy();
      });
      if (this.#swallows) from.pause();
    }
  }
}
