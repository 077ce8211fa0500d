/** The process that the command line runs in, as far as it may be touched; tests hand in their own. */
export interface CliProcess {
  readonly stdout: CliStream;
  readonly stderr: CliStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly signals: SignalSource;
  /** Asks the person at the terminal; `undefined` where there is none. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}

export interface CliStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Where signals come from; `process` is one. */
export interface SignalSource {
  on(name: NodeJS.Signals, listener: (name: NodeJS.Signals) => void): unknown;
  off(name: NodeJS.Signals, listener: (name: NodeJS.Signals) => void): unknown;
}

/** All that a command may touch. */
export interface CliContext extends CliProcess {
  /** What was typed after the name of the program. */
  readonly argv: readonly string[];
  /** Sets the code to exit with; `ExitCode.done` unless called. */
  readonly exit: (code: ExitCode) => void;
}

export const ExitCode = { done: 0, failed: 1, usage: 2, unclean: 3 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Options that every command has. */
export interface GlobalOptions {
  readonly config?: string;
  readonly broker?: string;
  readonly environment?: string;
  readonly json?: true;
  readonly verbose?: true;
}
