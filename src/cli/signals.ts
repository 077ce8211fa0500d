import type { SignalSource } from "./context.ts";

/** Is aborted by the first SIGINT or SIGTERM; a second one ends the process as always. */
export interface Interrupt extends Disposable {
  readonly signal: AbortSignal;
}

export function untilSignal(signals: SignalSource): Interrupt {
  const controller = new AbortController();
  const stop = () => {
    signals.off("SIGINT", abort);
    signals.off("SIGTERM", abort);
  };
  const abort = () => {
    stop();
    controller.abort();
  };
  signals.on("SIGINT", abort);
  signals.on("SIGTERM", abort);
  return { signal: controller.signal, [Symbol.dispose]: stop };
}
