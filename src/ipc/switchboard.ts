import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";

/**
 * A Unix socket at which others connect on behalf of children: each connection begins
 * with a word that this side made up, and goes to whoever waits for that word.
 */
export class Switchboard {
  readonly path: string;
  readonly #server: Server;
  readonly #waiting = new Map<string, (socket: Socket) => void>();

  private constructor(path: string, server: Server) {
    this.path = path;
    this.#server = server;
    server.on("connection", (socket) => this.#greet(socket));
  }

  /**
   * What is at this path is taken away: it is this process's own, or one of a process that died.
   *
   * @throws what `listen` does, such as for a path that is too long. The folder must be nobody else's.
   */
  static open(path: string): Promise<Switchboard> {
    rmSync(path, { force: true });
    return new Promise((resolve, reject) => {
      const server = createServer({ pauseOnConnect: true });
      server.once("error", reject);
      server.listen(path, () => {
        server.off("error", reject);
        server.on("error", () => undefined);
        server.unref();
        resolve(new Switchboard(path, server));
      });
    });
  }

  /** The word with which a connection that is meant for `take` is to begin. */
  expect(take: (socket: Socket) => void): string {
    const word = randomBytes(WORD_BYTES).toString("hex");
    this.#waiting.set(word, take);
    return word;
  }

  /** Nobody will come with this word. */
  forget(word: string): void {
    this.#waiting.delete(word);
  }

  close(): void {
    this.#server.close();
  }

  /** Who does not know a word is no friend. */
  #greet(socket: Socket): void {
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.on("error", () => socket.destroy());
    const read = () => {
      const bytes: Buffer | null = socket.read(WORD_BYTES * 2);
      if (bytes === null) return;
      clearTimeout(timer);
      socket.off("readable", read);
      const word = bytes.toString("latin1");
      const take = this.#waiting.get(word);
      this.#waiting.delete(word);
      if (take === undefined) socket.destroy();
      else take(socket);
    };
    socket.on("readable", read);
  }
}

const WORD_BYTES = 16;
const PATIENCE_MS = 10_000;
