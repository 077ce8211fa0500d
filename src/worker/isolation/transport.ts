import type { FromHost, ToHost } from "./messages.ts";

/** What reaches a worker from a host. */
export interface TransportListener {
  readonly onMessage: (message: FromHost) => void;
  /** What was printed, by stream. */
  readonly onOutput: (stream: "stdout" | "stderr", text: string) => void;
  /** Called once, when nothing more will come. `how` ends a sentence, as "with SIGSEGV"; undefined is a good end. */
  readonly onExit: (how: string | undefined) => void;
}

/** A process or thread that was started for jobs, whatever it is. */
export interface Transport {
  readonly pid: number | undefined;
  /** Kept until the host can take it. */
  send(message: ToHost): void;
  /** Lets it go: it ends by itself, having nothing to run. */
  end(): void;
  /** Ends it at once, with all it has started. */
  kill(): void;
}

export type Launch = (listener: TransportListener) => Transport;

/** What cannot even be started, as for want of processes or memory, has ended before it began. */
export function launchSafely(launch: Launch, listener: TransportListener): Transport {
  try {
    return launch(listener);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    setImmediate(() => listener.onExit(`before it began: ${reason}`));
    return { pid: undefined, send: () => undefined, end: () => undefined, kill: () => undefined };
  }
}
