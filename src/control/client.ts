import { once } from "node:events";
import { connect } from "node:net";
import { GangerError } from "../errors.ts";
import { fromFailure } from "../ipc/failure.ts";
import { Link } from "../ipc/link.ts";
import { assertSocketPath } from "./address.ts";
import type { ControlAnswer, ControlRequest } from "./messages.ts";

/** What ends a conversation well. */
export type FinalAnswer = Extract<ControlAnswer, { readonly type: "done" | "status" }>;

export interface AskOptions {
  readonly onNote?: ((text: string) => void) | undefined;
  /** How long the manager may be silent. @default as long as it likes */
  readonly timeoutMs?: number | undefined;
}

/** A client's end of a conversation with a manager. */
export class ControlClient implements Disposable {
  /** Resolves when the manager has ended the conversation, or itself. */
  readonly closed: Promise<void>;
  readonly #link: Link<ControlAnswer, ControlRequest>;
  readonly #answers: ControlAnswer[] = [];
  #isClosed = false;
  #wake: () => void = () => undefined;

  private constructor(connected: ReturnType<typeof connect>) {
    this.#link = new Link(connected, (answer) => {
      this.#answers.push(answer);
      this.#wake();
    });
    this.closed = this.#link.closed.then(() => this.#ended());
  }

  /** @throws `GANGER_CONTROL_FAILED` when nobody listens there. */
  static async connect(socket: string): Promise<ControlClient> {
    assertSocketPath(socket);
    const connected = connect(socket);
    try {
      await once(connected, "connect");
    } catch (cause) {
      connected.destroy();
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new GangerError("GANGER_CONTROL_FAILED", `The manager cannot be reached: ${reason}`, {
        cause,
        hint: "See whether it is running: ganger status.",
      });
    }
    return new ControlClient(connected);
  }

  /**
   * Asks one thing and waits for how it ends.
   *
   * @throws what the manager failed with; `GANGER_CONTROL_FAILED` when it goes, or says nothing for `timeoutMs`.
   */
  static async ask(
    socket: string,
    request: ControlRequest,
    { onNote, timeoutMs }: AskOptions = {},
  ): Promise<FinalAnswer> {
    using client = await ControlClient.connect(socket);
    let wasSilent = false;
    const silence =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            wasSilent = true;
            client[Symbol.dispose]();
          }, timeoutMs);
    try {
      client.send(request);
      for await (const answer of client.answers()) {
        silence?.refresh();
        if (answer.type === "note") onNote?.(answer.text);
        else if (answer.type === "failed") throw fromFailure(answer.failure, "GANGER_POOL_FAILED");
        else if (answer.type !== "left") return answer;
      }
    } finally {
      clearTimeout(silence);
    }
    throw wasSilent ? silent(timeoutMs) : ended();
  }

  /** Whether it was handed to the kernel. */
  send(request: ControlRequest): boolean {
    return this.#link.send(request);
  }

  /** What the manager says, in order, until the conversation ends. To be read by one reader. */
  async *answers(): AsyncGenerator<ControlAnswer, void, void> {
    for (;;) {
      const answer = this.#answers.shift();
      if (answer !== undefined) yield answer;
      else if (this.#isClosed) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  [Symbol.dispose](): void {
    this.#link.close();
  }

  #ended(): void {
    this.#isClosed = true;
    this.#wake();
  }
}

/** What a manager failed with, as an error of ours. */
function ended(): GangerError {
  return new GangerError("GANGER_CONTROL_FAILED", "The manager went away before it answered", {
    hint: "See what became of it: ganger status, and its log.",
  });
}

function silent(timeoutMs = 0): GangerError {
  const message = `The manager is running, but has said nothing for ${timeoutMs / 1000} s`;
  return new GangerError("GANGER_CONTROL_FAILED", message, {
    hint: "It may be stopped or stuck. Look at its log; its workers go on without it.",
  });
}
