import { z } from "zod";
import { DEFAULTS, EXEC_DEFAULTS, WORKER_DEFAULTS } from "./defaults.ts";
import { DESCRIPTIONS } from "./descriptions.ts";
import { isMapping } from "./layer/sources.ts";
import { commandSchema, execFields } from "./schema/exec.ts";
import { workerSchema } from "./schema/worker.ts";
import { heartbeatSchema, logSchema, optionsSchema, restartSchema, retentionSchema } from "./schema.ts";

type Json = Readonly<Record<string, unknown>>;

/** The JSON Schema of `ganger.yml`, for editors. It is shipped as `ganger.schema.json`. */
export function configJsonSchema(): Json {
  const { $schema, ...generated } = z.toJSONSchema(fileSchema(), { io: "input", target: "draft-7" });
  return {
    $schema,
    title: "Configuration of ganger",
    ...forEditors(generated, []),
    definitions: {
      variable: {
        description: "A variable, as ${NAME} or ${NAME:-fallback}.",
        type: "string",
        pattern: String.raw`\$\{`,
      },
    },
  };
}

/** What a file may say before it is merged: nothing has to be said, and there are short forms. */
function fileSchema(): z.ZodType {
  const program = z.strictObject(execFields).partial().required({ command: true });
  const exec = z.union([commandSchema, program]);
  const group = z.union([workerSchema.shape.count, workerSchema.partial().extend({ exec: exec.optional() })]);
  const section = optionsSchema.partial().extend({
    workers: z.record(z.string(), group).optional(),
    retention: retentionSchema.partial().optional(),
    heartbeat: heartbeatSchema.partial().optional(),
    log: logSchema.partial().optional(),
    restart: restartSchema.partial().optional(),
  });
  return section.extend({ environments: z.record(z.string(), section).optional() });
}

const VARIABLE = { $ref: "#/definitions/variable" };

/** The same schema with what each key is for, and with variables wherever something else than any text is asked for. */
function forEditors(node: Json, path: readonly string[]): Json {
  const { properties, additionalProperties, items, anyOf, ...same } = node;
  const child = (value: unknown, key: string) =>
    isMapping(value) ? forEditors(value, [...path, key]) : value;
  const copy: Json = {
    ...about(path),
    ...same,
    ...(isMapping(properties) && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, value]) => [key, child(value, key)]),
      ),
    }),
    ...(additionalProperties !== undefined && { additionalProperties: child(additionalProperties, "*") }),
    ...(items !== undefined && { items }),
  };
  if (Array.isArray(anyOf)) return { ...copy, anyOf: [...withinChoice(anyOf, path), VARIABLE] };
  return isRestricted(node) ? { ...about(path), anyOf: [same, VARIABLE] } : copy;
}

/** Beside a choice a variable is allowed already. */
function withinChoice(choices: readonly unknown[], path: readonly string[]): readonly unknown[] {
  return choices.map((choice) => {
    if (!isMapping(choice) || choice["properties"] === undefined) return choice;
    const { description: _, ...rest } = forEditors(choice, path);
    return rest;
  });
}

function isRestricted({ type, pattern, enum: choices, const: only }: Json): boolean {
  if (pattern !== undefined || choices !== undefined || only !== undefined) return true;
  return type === "number" || type === "integer" || type === "boolean";
}

function about(path: readonly string[]): Json {
  const key = path.join(".").replace(/^environments\.\*\.?/, "");
  const description = DESCRIPTIONS[key];
  const byDefault = path[0] === "environments" ? undefined : defaultOf(path);
  return {
    ...(description !== undefined && { description }),
    ...(byDefault !== undefined && { default: byDefault }),
  };
}

function defaultOf(path: readonly string[]): unknown {
  const all = { ...DEFAULTS, workers: { "*": { ...WORKER_DEFAULTS, exec: EXEC_DEFAULTS } } };
  const found = path.reduce<unknown>((value, key) => (isMapping(value) ? value[key] : undefined), all);
  return isMapping(found) ? undefined : found;
}
