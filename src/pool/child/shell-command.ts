import type { ExecProgram } from "../../config/resolved.ts";

export interface ShellCommand {
  readonly argv: readonly [string, ...string[]];
  /** The shell stays, to mind what it has started; otherwise the program takes its place. */
  readonly isMinded: boolean;
}

/**
 * How a text is given to the shell. A plain command takes the shell's place, so that it is the process whose end and
 * whose signals count. What only a shell can do, such as `cd app && work`, `a | b` or a builtin, it does itself: it
 * then outlives the signals for what it has started, and ends as that has ended.
 */
export function shellCommand(text: string, exec: ExecProgram): ShellCommand {
  const command = text.trim();
  const { assignments = "", program = "" } = PLAIN.exec(command)?.groups ?? {};
  const isOwn = program === "" || BUILTINS.has(program) || ASSIGNMENT.test(program);
  const isMinded = isOwn || OPERATORS.test(command.replaceAll(PASSIVE, "_"));
  const script = isMinded
    ? `${traps(exec)}\n${command}`
    : `${assignments}exec ${command.slice(assignments.length)}`;
  return { argv: ["/bin/sh", "-c", script], isMinded };
}

/** Variables that are set for one command, and the first word after them. */
const PLAIN =
  /^(?<assignments>(?:[A-Za-z_]\w*=(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])*\s+)*)(?<program>\S+)/s;

const ASSIGNMENT = /^[A-Za-z_]\w*=/;
const OPERATORS = /[;&|()`\n]/;

/** What an operator means nothing in, and redirections, which a program without its shell can have as well. */
const PASSIVE = /\\.|'[^']*'|"(?:[^"\\]|\\.)*"|[<>]+(?:&[\d-])?/gs;

/** Words that are the shell's own, in the shells that are `/bin/sh` somewhere. */
const BUILTINS: ReadonlySet<string> = new Set(
  [
    ". : [ [[ ! { } alias bg break builtin case cd command continue declare dirs disown echo enable eval exec exit",
    "export false fc fg for function getopts hash if jobs kill let local popd printf pushd pwd read readonly return",
    "select set shift shopt source suspend test time times trap true type typeset ulimit umask unalias unset until",
    "wait while",
  ].flatMap((line) => line.split(" ")),
);

/**
 * A shell runs a trap when the command it waits for has ended; without, it would be gone before that. What it starts
 * has the signals as ever, since only ignored ones are inherited.
 */
function traps({ drain, abort, cut, pause, resume }: ExecProgram): string {
  const ends = namesOf([drain, abort, "SIGTERM"]);
  return [`trap : ${namesOf([cut, pause, resume])}`, `trap exit ${ends}`]
    .filter((line) => !line.endsWith(" "))
    .join("; ");
}

function namesOf(signals: readonly NodeJS.Signals[]): string {
  const names = signals.filter((name) => name !== "SIGKILL" && name !== "SIGSTOP");
  return [...new Set(names)].map((name) => name.slice("SIG".length)).join(" ");
}
