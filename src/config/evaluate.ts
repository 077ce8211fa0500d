/**
 * Loads a configuration module and writes what it says, as JSON, to file
 * descriptor 3. Runs in a process of its own: `file/evaluated.ts` starts it.
 */
import { writeSync } from "node:fs";
import { importDefault, ModuleError } from "./module/import.ts";
import { toPlainConfig } from "./module/plain.ts";

export type Answer =
  | { readonly ok: true; readonly data: unknown; readonly isDynamic: boolean }
  | { readonly ok: false; readonly reason: string; readonly stack: string | undefined };

const CHANNEL = 3;

async function evaluate(file: string, environment: string): Promise<Answer> {
  try {
    const plain = await toPlainConfig(await importDefault(file), { file, environment });
    return { ok: true, ...plain };
  } catch (error) {
    // What is no reason for people ends the process, which says the most about it.
    if (!(error instanceof ModuleError)) throw error;
    return { ok: false, reason: error.message, stack: error.stack };
  }
}

function send(answer: Answer): void {
  const rest = Buffer.from(`${JSON.stringify(answer)}\n`);
  for (let sent = 0; sent < rest.length; ) sent += writeSync(CHANNEL, rest, sent);
}

const [, , file = "", environment = ""] = process.argv;
send(await evaluate(file, environment));
// The module may have left a timer or a connection open.
process.exit(0);
