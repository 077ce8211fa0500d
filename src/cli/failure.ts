import { redact } from "../config/redact.ts";
import { isGangerError } from "../errors.ts";
import type { CliContext } from "./context.ts";
import { printable } from "./output.ts";

/** Prints what went wrong and what to do about it; the stack only when asked for. */
export function printError({ stderr }: Pick<CliContext, "stderr">, error: unknown, verbose: boolean): void {
  const message = error instanceof Error ? error.message || error.name : String(error);
  const lines = [message];
  if (isGangerError(error)) {
    if (error.hint !== undefined) lines.push(error.hint);
    lines.push(`[${error.code}]`);
  } else if (!verbose) lines.push("Run it again with --verbose for the stack.");
  if (verbose) lines.push(...stacks(error));
  stderr.write(`${printable(redact(lines.join("\n")))}\n`);
}

/** The stack of an error and of everything that caused it. */
function stacks(error: unknown): readonly string[] {
  const found: string[] = [];
  for (let next = error; next instanceof Error && found.length < 10; next = next.cause) {
    found.push(`${found.length === 0 ? "" : "caused by "}${next.stack ?? next.message}`);
  }
  return found;
}
