import type { ControlRequest } from "./messages.ts";

/** Longer requests are not read: whoever sends one is no client of ours. */
export const MAX_REQUEST_BYTES = 64 * 1024;

const STOPS = ["graceful-wait", "immediate", "kill"] as const;
const MAX_WORKERS = 100_000;
const MAX_PID = 2 ** 31 - 1;

/** A message as a request, or `undefined` when it is none. It may come from another release. */
export function toRequest(message: { readonly type: string }): ControlRequest | undefined {
  const fields: Readonly<Record<string, unknown>> = { ...message };
  switch (message.type) {
    case "status":
    case "restart":
    case "commit":
      return { type: message.type };
    case "reload": {
      const all = fields["all"];
      return typeof all === "boolean" ? { type: "reload", all } : undefined;
    }
    case "stop":
      return toStop(fields["how"]);
    case "handover": {
      const pid = fields["pid"];
      return isWhole(pid, 1, MAX_PID) ? { type: "handover", pid } : undefined;
    }
    case "yield": {
      const queues = fields["queues"];
      const to = fields["to"];
      if (typeof queues !== "string" || queues === "" || !isWhole(to, 0, MAX_WORKERS)) return undefined;
      return { type: "yield", queues, to };
    }
    default:
      return undefined;
  }
}

/** One request per connection, but that a handover goes on with `yield` and ends with `commit`. */
export function mayFollow(request: ControlRequest, before: ControlRequest | undefined): boolean {
  const isPartOfHandover = request.type === "yield" || request.type === "commit";
  if (before === undefined) return !isPartOfHandover;
  return isPartOfHandover && (before.type === "handover" || before.type === "yield");
}

function toStop(how: unknown): ControlRequest | undefined {
  const known = STOPS.find((one) => one === how);
  return known === undefined ? undefined : { type: "stop", how: known };
}

function isWhole(value: unknown, min: number, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
}
