import { styleText } from "node:util";
import type { CliContext, GlobalOptions } from "./context.ts";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Colours a text, where the output is a terminal that wants colours. */
export type Paint = (style: Style, text: string) => string;

/** Prints a result: one JSON document for programs, text for people. */
export function print(
  { stdout, env }: CliContext,
  { json }: Pick<GlobalOptions, "json">,
  data: unknown,
  render: (paint: Paint) => string,
): void {
  if (json === true) stdout.write(`${JSON.stringify(data, undefined, 2)}\n`);
  else stdout.write(`${render(painter(stdout.isTTY === true && !env["NO_COLOR"]))}\n`);
}

export function painter(inColour: boolean): Paint {
  if (!inColour) return (_, text) => text;
  // Whether to colour is decided above, by the stream that is written to.
  return (style, text) => styleText(style, text, { validateStream: false });
}

/** A text without control characters, so that what a job logs cannot steer the terminal of an operator. */
export function printable(text: string): string {
  return text.replaceAll(/(?![\n\t])\p{Cc}/gu, "\uFFFD");
}

/** One line, shortened at its end. */
export function excerpt(text: string, length: number): string {
  const line = printable(text).replaceAll(/\s+/g, " ").trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}

/** `1 job`, `2 jobs`. */
export function counted(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}

/** A time to the second, as ISO 8601 has it. */
export function toTime(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
