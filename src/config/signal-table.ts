import { constants } from "node:os";
import { suggest } from "./check/suggestions.ts";
import type { ManagerAction, TermAction } from "./options.ts";
import type { SignalTable } from "./resolved.ts";

/** The number that a terminal sends for "what are you doing": SIGINFO where there is one, SIGIO on Linux. */
const REPORT_NUMBER = 29;

/** The system acts on these itself, Node.js needs them, or the process is broken when they come. */
const UNMANAGEABLE = [
  "SIGKILL",
  "SIGSTOP",
  "SIGCHLD",
  "SIGSEGV",
  "SIGBUS",
  "SIGFPE",
  "SIGILL",
  "SIGPROF",
] as const;

const SIGNALS = new Map<string, number>(Object.entries(constants.signals));

/** What the manager does on each signal where the configuration does not say. */
export function defaultSignals(term: TermAction): SignalTable {
  const table: readonly (readonly [NodeJS.Signals | undefined, ManagerAction])[] = [
    ["SIGHUP", "reload"],
    ["SIGQUIT", "graceful-wait"],
    ["SIGINT", "graceful-wait"],
    ["SIGTERM", term],
    ["SIGWINCH", "empty"],
    ["SIGTTIN", "more"],
    ["SIGTTOU", "fewer"],
    ["SIGUSR1", "abort"],
    ["SIGUSR2", "pause"],
    ["SIGCONT", "resume"],
    [nameOf(REPORT_NUMBER), "report"],
  ];
  return Object.fromEntries(
    table.flatMap(([name, action]) =>
      name !== undefined && SIGNALS.has(name) ? [[name, [action]] as const] : [],
    ),
  );
}

/** The signal that a text means, with or without `SIG`; of several names of one signal the usual one. */
export function toSignal(text: string): NodeJS.Signals | undefined {
  const upper = text.toUpperCase();
  const name = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  const number = SIGNALS.get(name);
  return number === undefined ? undefined : nameOf(number);
}

/** Why a text names no signal that a process can be sent. */
export function whyNoSignal(text: string): string | undefined {
  if (toSignal(text) !== undefined) return undefined;
  const names = [...SIGNALS.keys()];
  const meant =
    suggest(text, names) ??
    suggest(
      text,
      names.map((name) => name.slice(3)),
    );
  const advice = meant === undefined ? "write one such as HUP or SIGUSR2" : `did you mean ${meant}?`;
  return `is no signal of this system; ${advice}`;
}

/** Why the manager cannot do something on this signal. */
export function whyUnmanageable(text: string): string | undefined {
  const signal = toSignal(text);
  if (!UNMANAGEABLE.some((name) => name === signal)) return whyNoSignal(text);
  return "cannot be handled by a process; only such as HUP, TERM, USR1 or USR2 can";
}

function nameOf(number: number): NodeJS.Signals | undefined {
  return [...SIGNALS].find((entry): entry is [NodeJS.Signals, number] => entry[1] === number)?.[0];
}
