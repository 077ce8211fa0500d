import type { StandardSchemaV1 } from "@standard-schema/spec";
import { GangerError } from "../errors.ts";

export const DEFAULT_MAX_PAYLOAD_BYTES = 1_048_576;

/**
 * Writes a value as JSON text.
 *
 * @throws `GANGER_PAYLOAD_UNSERIALIZABLE` for a cycle, a BigInt or nothing at all, `GANGER_PAYLOAD_LARGE` beyond `maxBytes`.
 */
export function toJson(value: unknown, what: string, maxBytes = DEFAULT_MAX_PAYLOAD_BYTES): string {
  const text = stringify(value, what);
  // A UTF-16 unit is 3 bytes of UTF-8 at most, so that most texts need no counting.
  if (text.length * 3 <= maxBytes) return text;
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return text;
  throw new GangerError("GANGER_PAYLOAD_LARGE", `${what} has ${bytes} bytes; ${maxBytes} are allowed`, {
    hint: "Keep large data elsewhere and hand over where it is.",
  });
}

function stringify(value: unknown, what: string): string {
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) return text;
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
    throw new GangerError("GANGER_PAYLOAD_UNSERIALIZABLE", `${what} is no JSON: ${reason}`, {
      cause,
      hint: "Hand over plain data: no cycles, no BigInt.",
    });
  }
  throw new GangerError("GANGER_PAYLOAD_UNSERIALIZABLE", `${what} is ${typeof value}, which is no JSON`);
}

/**
 * Checks a payload against a schema and returns what the schema makes of it.
 *
 * @throws `GANGER_PAYLOAD_INVALID` with the path of each bad field.
 */
export function validate<Output>(
  schema: StandardSchemaV1<unknown, Output>,
  payload: unknown,
  what: string,
): Output | Promise<Output> {
  const result = schema["~standard"].validate(payload);
  if (result instanceof Promise) return result.then((settled) => accept(settled, what));
  return accept(result, what);
}

function accept<Output>(result: StandardSchemaV1.Result<Output>, what: string): Output {
  if (result.issues === undefined) return result.value;
  const problems = result.issues.map(({ path = [], message }) => {
    const keys = path.map((part) => String(typeof part === "object" ? part.key : part));
    return `${keys.join(".") || "(the whole)"}: ${message}`;
  });
  throw new GangerError("GANGER_PAYLOAD_INVALID", `${what} does not fit: ${problems.join("; ")}`);
}
