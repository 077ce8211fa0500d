import { Socket } from "node:net";
import type { Duplex } from "node:stream";

/**
 * One end of a conversation between two processes: JSON lines over a Unix
 * socket. The kernel tells when the other end is gone, whatever ended it.
 */
export class Link<In extends { readonly type: string }, Out> {
  /** Resolves when the other end is gone. */
  readonly closed: Promise<void>;
  readonly #stream: Duplex;
  #rest = "";

  constructor(stream: Duplex, onMessage: (message: In) => void) {
    this.#stream = stream;
    this.closed = new Promise((resolve) => {
      stream.once("close", () => resolve());
      stream.once("end", () => resolve());
    });
    // The reason of a broken connection adds nothing: its end is what counts.
    stream.on("error", () => stream.destroy());
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => this.#read(text, onMessage));
  }

  /** Whether it was handed to the kernel; nobody knows whether the other end will read it. */
  send(message: Out): boolean {
    if (this.#stream.destroyed || this.#stream.writableEnded) return false;
    this.#stream.write(`${JSON.stringify(message)}\n`);
    return true;
  }

  /** Says nothing more, and is closed when the rest has been written. */
  end(): void {
    this.#stream.end();
  }

  close(): void {
    this.#stream.destroy();
  }

  #read(text: string, onMessage: (message: In) => void): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > MAX_LINE) this.close();
    for (const line of lines) {
      const message = parse(line);
      if (this.#isMessage(message)) onMessage(message);
    }
  }

  /** Both ends are of one release, so that the type says which message it is; anything else is not read. */
  #isMessage(value: unknown): value is In {
    return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
  }
}

const MAX_LINE = 16 * 1024 * 1024;

/** The descriptor at which a child finds its parent. */
export const LINK_DESCRIPTOR = 3;

/** The link of a child to the process that started it. */
export function toParent<In extends { readonly type: string }, Out>(
  onMessage: (message: In) => void,
): Link<In, Out> {
  return new Link<In, Out>(new Socket({ fd: LINK_DESCRIPTOR }), onMessage);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
