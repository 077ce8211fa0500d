import type { Socket } from "node:net";
import { GangerError } from "../errors.ts";
import { toFailure } from "../ipc/failure.ts";
import { Link } from "../ipc/link.ts";
import type { ControlAnswer, ControlRequest } from "./messages.ts";
import { MAX_REQUEST_BYTES, mayFollow, toRequest } from "./request.ts";

/** What a client may leave unread; one that leaves more is dropped, so that it cannot grow the manager. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/** How long a client may take to read the rest when the connection is closed. */
const CLOSE_MS = 1000;

/** The manager's end of a conversation with one client, which is not trusted to be of this release. */
export class ControlConnection {
  /** Resolves when the client is gone, or has been dropped. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #link: Link<{ readonly type: string }, ControlAnswer>;
  readonly #onRequest: (request: ControlRequest, connection: ControlConnection) => void;
  #last: ControlRequest | undefined;
  #isRefused = false;
  /** Complete lines that came and were no messages so far. */
  #unread = 0;
  #lineLength = 0;

  constructor(socket: Socket, onRequest: (request: ControlRequest, connection: ControlConnection) => void) {
    this.#socket = socket;
    this.#onRequest = onRequest;
    // The order matters: what came is measured before the link reads it, and what it left is refused after.
    socket.on("data", (text: string) => this.#measure(text));
    this.#link = new Link(socket, (message) => this.#read(message));
    socket.on("data", () => {
      if (this.#unread > 0) this.#refuse("a line that is no message");
    });
    this.closed = this.#link.closed;
    // One that says that it will ask nothing more may still never read what it was told.
    void this.closed.then(() => this.close());
  }

  /** Whether it was handed to the kernel. A client that does not read is dropped. */
  send(answer: ControlAnswer): boolean {
    if (!this.#link.send(answer)) return false;
    if (this.#socket.writableLength <= MAX_UNREAD_BYTES) return true;
    this.#socket.destroy();
    return false;
  }

  /** Ends the conversation once the client has what was sent, or has had time to read it. */
  close(): void {
    this.#isRefused = true;
    this.#socket.destroySoon();
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_MS).unref();
    this.#socket.once("close", () => clearTimeout(timer));
  }

  #measure(text: string): void {
    const lines = text.split("\n");
    for (const [index, line] of lines.entries()) {
      this.#lineLength = (index === 0 ? this.#lineLength : 0) + Buffer.byteLength(line);
      if (this.#lineLength > MAX_REQUEST_BYTES) {
        this.#isRefused = true;
        this.#socket.destroy();
        return;
      }
    }
    this.#unread += lines.length - 1;
  }

  #read(message: { readonly type: string }): void {
    if (this.#isRefused) return;
    this.#unread -= 1;
    const request = toRequest(message);
    if (request === undefined) return this.#refuse(`"${message.type.slice(0, 100)}"`);
    if (!mayFollow(request, this.#last)) return this.#refuse(`"${request.type}" at this point`);
    this.#last = request;
    try {
      this.#onRequest(request, this);
    } catch (error) {
      this.#fail(error);
    }
  }

  #refuse(what: string): void {
    if (this.#isRefused) return;
    const message = `The manager does not understand ${what}`;
    const hint = "It may be of another release: use the ganger that it was started with.";
    this.#fail(new GangerError("GANGER_OPTION_INVALID", message, { hint }));
  }

  #fail(error: unknown): void {
    this.send({ type: "failed", failure: toFailure(error) });
    this.close();
  }
}
