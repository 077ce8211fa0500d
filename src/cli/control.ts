import { setTimeout as wait } from "node:timers/promises";
import type { FoundManager } from "../control/find.ts";
import type { ControlRequest } from "../control/messages.ts";
import { GangerError } from "../errors.ts";
import { fromFailure } from "../ipc/failure.ts";
import type { CliContext } from "./context.ts";
import { print, printable } from "./output.ts";
import { findManager, type PoolOptions } from "./pools.ts";

/** What was said on the way, printed as it comes; kept for the one document that `--json` prints. */
export class Notes {
  readonly texts: string[] = [];
  readonly #context: CliContext;
  readonly #isJson: boolean;

  constructor(context: CliContext, { json }: PoolOptions) {
    this.#context = context;
    this.#isJson = json === true;
  }

  readonly add = (text: string): void => {
    this.texts.push(text);
    if (!this.#isJson) this.#context.stdout.write(`${printable(text)}\n`);
  };
}

/** Says once that a manager says nothing. It may be stopped: who waits for it should know. */
export class Silence implements Disposable {
  readonly #timer: NodeJS.Timeout;

  constructor({ stderr }: CliContext, pid: number) {
    const text = `Manager ${pid} has said nothing for ${SILENCE_MS / 1000} s; waiting on. It may be stopped or stuck: kill -KILL ${pid} ends it, and its workers finish their jobs.\n`;
    this.#timer = setTimeout(() => stderr.write(text), SILENCE_MS).unref();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/** It answers at once, whatever it is asked. */
const SILENCE_MS = 5000;

/** Asks the manager of this pool to do something, and prints how it goes. */
export async function tellManager(
  context: CliContext,
  options: PoolOptions,
  request: ControlRequest,
  done: string,
): Promise<void> {
  const { ControlClient } = await import("../control/client.ts");
  const { pid, socket } = await findManager(context, options);
  const notes = new Notes(context, options);
  using silence = new Silence(context, pid);
  const onNote = (text: string) => {
    silence[Symbol.dispose]();
    notes.add(text);
  };
  await ControlClient.ask(socket, request, { onNote });
  print(
    context,
    options,
    { pid, [done]: true, notes: notes.texts },
    () => `${done} the pool (manager ${pid})`,
  );
}

/**
 * Asks a manager to stop. Resolves when it is gone, or, unless `waits`, as soon as it has heard it.
 *
 * @throws `GANGER_CONTROL_FAILED` when it ends the conversation but not itself.
 */
export async function stopManager(
  manager: FoundManager,
  how: Extract<ControlRequest, { readonly type: "stop" }>["how"],
  { onNote, waits }: { readonly onNote: (text: string) => void; readonly waits: boolean },
): Promise<void> {
  const { ControlClient } = await import("../control/client.ts");
  const { startTimeOf } = await import("../util/proc-stat.ts");
  const start = startTimeOf(manager.pid);
  using client = await ControlClient.connect(manager.socket);
  client.send({ type: "stop", how });
  let isDone = false;
  for await (const answer of client.answers()) {
    if (answer.type === "note") onNote(answer.text);
    if (answer.type === "failed") throw fromFailure(answer.failure, "GANGER_POOL_FAILED");
    isDone ||= answer.type === "done";
    if (!waits) return;
  }
  // It ends the conversation last but for its files and itself; whoever waits may want to start the next one.
  if (await isGoneWithin(isDone ? LEAVING_MS : LOST_MS, manager, start)) return;
  throw new GangerError("GANGER_CONTROL_FAILED", `The manager ${manager.pid} is still there`, {
    hint: "See what it is doing: ganger status, and its log. ganger stop --kill ends its workers.",
  });
}

/** From its last word to its end. */
const LEAVING_MS = 30_000;
/** One that has let go of us without a word is gone, unless it has dropped us. */
const LOST_MS = 1000;
const LOOK_MS = 20;

async function isGoneWithin(
  patienceMs: number,
  { pid, socket }: FoundManager,
  start: number | undefined,
): Promise<boolean> {
  const { probe } = await import("../control/probe.ts");
  const { isAlive } = await import("../pool/process/alive.ts");
  const isThere = async () =>
    (await probe(socket)) === "open" ||
    (start !== undefined && pid !== process.pid && isAlive({ pid, start }));
  for (const deadline = performance.now() + patienceMs; await isThere(); await wait(LOOK_MS)) {
    if (performance.now() > deadline) return false;
  }
  return true;
}
