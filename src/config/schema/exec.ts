import { z } from "zod";
import type { ExecOptions } from "../options.ts";
import type { ExecProgram } from "../resolved.ts";
import { toSignal, whyNoSignal } from "../signal-table.ts";
import { duration, filled, mappingError } from "./atoms.ts";

const signal = z.string("must be the name of a signal").transform((text, context): NodeJS.Signals => {
  const found = toSignal(text);
  if (found !== undefined) return found;
  context.addIssue({ code: "custom", message: whyNoSignal(text) ?? "is no signal" });
  return z.NEVER;
});

export const commandSchema = z.union(
  [filled, z.array(filled).min(1, "must name a program at least")],
  "must be a text for the shell, or a list of the program and its arguments",
);

export const execFields = {
  command: commandSchema,
  drain: signal,
  abort: signal,
  cut: signal,
  pause: signal,
  resume: signal,
  ready: duration,
};

export const execSchema = z
  .strictObject(
    execFields,
    mappingError("must be a command, or a mapping with command, drain, abort, cut, pause, resume or ready"),
  )
  .transform(({ ready, ...program }): ExecProgram => ({ ...program, readyMs: ready })) satisfies z.ZodType<
  ExecProgram,
  Required<ExecOptions>
>;
