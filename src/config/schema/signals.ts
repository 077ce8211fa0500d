import { z } from "zod";
import { suggest } from "../check/suggestions.ts";
import { MANAGER_ACTIONS, type ManagerAction } from "../options.ts";
import type { SignalTable } from "../resolved.ts";
import { toSignal, whyUnmanageable } from "../signal-table.ts";

const action = z.enum(MANAGER_ACTIONS);

const actions = z
  .union([action, z.array(action).min(1, "must name one action at least")], {
    error: ({ input }) => whyNoAction(input),
  })
  .transform((said): readonly ManagerAction[] => (typeof said === "string" ? [said] : said));

const name = z.string().superRefine((text, context) => {
  const message = whyUnmanageable(text);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

/** What the configuration says of signals, by their full names. */
export const signalsSchema = z
  .record(name, actions, "must be a mapping of signals to actions, such as { USR2: restart }")
  .transform((said, context): SignalTable => {
    const table = new Map<NodeJS.Signals, readonly ManagerAction[]>();
    const written = new Map<NodeJS.Signals, string>();
    for (const [text, does] of Object.entries(said)) {
      const signal = toSignal(text);
      if (signal === undefined) continue;
      const twin = written.get(signal);
      if (twin !== undefined) {
        context.addIssue({ code: "custom", path: [text], message: `is the same signal as ${twin}` });
      }
      written.set(signal, text);
      table.set(signal, does);
    }
    return Object.fromEntries(table);
  });

function whyNoAction(input: unknown): string {
  const said: readonly unknown[] = Array.isArray(input) ? input : [input];
  if (said.length === 0) return "must name one action at least";
  const wrong = said.find((item) => !MANAGER_ACTIONS.some((known) => known === item));
  const meant = typeof wrong === "string" ? suggest(wrong, MANAGER_ACTIONS) : undefined;
  const advice = meant === undefined ? `there is ${MANAGER_ACTIONS.join(", ")}` : `did you mean ${meant}?`;
  return `${JSON.stringify(wrong)} is no action; ${advice}`;
}
