/** What an operator may ask of a worker by a signal of its own. */
export interface SignalActions {
  readonly end: () => void;
  readonly drain: () => void;
  readonly cut: () => void;
  readonly pause: () => void;
  readonly resume: () => void;
}

/**
 * Resque's signals, for one worker. What a terminal or a manager sends to a whole
 * process group ends nothing here: the manager has it too, and says what is to be done.
 */
export function heedSignals({ end, drain, cut, pause, resume }: SignalActions): void {
  process.on("SIGTERM", end);
  process.on("SIGQUIT", drain);
  process.on("SIGUSR1", cut);
  process.on("SIGUSR2", pause);
  process.on("SIGCONT", resume);
  for (const signal of IGNORED) process.on(signal, () => undefined);
}

const IGNORED = ["SIGINT", "SIGHUP", "SIGWINCH", "SIGTTIN", "SIGTTOU"] as const;
