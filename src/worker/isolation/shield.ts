/** Has a process live for as long as its worker does, and no signal, nor a reader that goes away, end it before that. */
export function liveForWorker(closed: Promise<void>, orphaned: () => Promise<void> | undefined): void {
  shieldFromSignals();
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  void closed.then(async () => {
    await orphaned();
    process.exit();
  });
}

/**
 * Signals that reach a whole process group, a whole control group or a terminal's
 * foreground are for the worker to heed: it says what is to become of its job.
 */
function shieldFromSignals(): void {
  for (const signal of SIGNALS) process.on(signal, () => undefined);
}

const SIGNALS = [
  "SIGINT",
  "SIGTERM",
  "SIGQUIT",
  "SIGHUP",
  "SIGUSR1",
  "SIGUSR2",
  "SIGWINCH",
  "SIGTTIN",
  "SIGTTOU",
  "SIGCONT",
] as const;
