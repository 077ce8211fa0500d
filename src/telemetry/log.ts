/** What ganger needs of a logger; `pino()` satisfies it as it is. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

export interface LogOptions {
  readonly level: (typeof LEVELS)[number];
  readonly format: "text" | "json";
  /** Who speaks, such as `manager`. */
  readonly name: string;
  readonly write: (line: string) => unknown;
}

/**
 * Writes log lines, for people or as JSON. Its own, for the manager runs no
 * code of others: nothing that a dependency does may end it.
 */
export function createLog({ level, format, name, write }: LogOptions): Logger {
  const least = LEVELS.indexOf(level);
  const toLine = format === "json" ? toJson : toText;
  const at = (own: (typeof LEVELS)[number]) => (facts: object, message: string) => {
    if (LEVELS.indexOf(own) >= least) write(`${toLine({ level: own, name, facts, message })}\n`);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

interface Entry {
  readonly level: string;
  readonly name: string;
  readonly facts: object;
  readonly message: string;
}

function toJson({ level, name, facts, message }: Entry): string {
  return JSON.stringify({
    time: new Date().toISOString(),
    level,
    name,
    pid: process.pid,
    ...facts,
    msg: message,
  });
}

function toText({ level, name, facts, message }: Entry): string {
  const known = Object.entries(facts).filter(([, value]) => value !== undefined);
  const details = known.map(([key, value]) => `${key}=${quote(value)}`);
  const mark = level === "info" ? "" : `${level}: `;
  return [new Date().toISOString(), `${name}[${process.pid}]`, `${mark}${message}`, ...details].join(" ");
}

function quote(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text ?? "") ? text : JSON.stringify(value);
}
