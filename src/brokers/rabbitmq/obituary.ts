import type { JobError } from "../../job/job.ts";
import type { Letter } from "./frames.ts";
import { type Parcel, toLetter } from "./message.ts";

/** What is kept of a job that failed: the job, and why, with as much of that as a frame has room for. */
export function toObituary(
  parcel: Parcel,
  queue: string,
  {
    error,
    keepMs,
    frameMax,
  }: { readonly error: JobError; readonly keepMs: number; readonly frameMax: number },
): Letter {
  const letter = toLetter(parcel, { exchange: "", routingKey: queue });
  const { queue: q, priority: p, options = "", tags = "" } = parcel;
  const room = frameMax - USUAL_BYTES - Buffer.byteLength(options) - Buffer.byteLength(tags);
  let text = toText(error, MAX_TEXT);
  for (let max = MAX_TEXT / 2; Buffer.byteLength(text) > room && max > 1; max /= 2) text = toText(error, max);
  return {
    ...letter,
    options: {
      ...letter.options,
      expiration: Math.min(Math.max(1, keepMs), MAX_TTL_MS),
      headers: { ...letter.options.headers, q, p, error: text },
    },
  };
}

function toText({ name, message, code, stack }: JobError, max: number): string {
  return JSON.stringify({
    name: name.slice(0, max),
    message: message.slice(0, max),
    code: code?.slice(0, max),
    stack: stack?.slice(0, max),
  });
}

const MAX_TEXT = 4000;
/** More than everything else takes that is in the frame of a message's headers. */
const USUAL_BYTES = 800;
/** The server's times to live are 32 bits wide. */
const MAX_TTL_MS = 4_294_967_295;
