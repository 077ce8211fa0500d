import { expect, it } from "vitest";
import { assertHeaders } from "../../src/brokers/rabbitmq/enqueue.ts";
import { toFrames } from "../../src/brokers/rabbitmq/frames.ts";
import type { Parcel } from "../../src/brokers/rabbitmq/message.ts";
import { toObituary } from "../../src/brokers/rabbitmq/obituary.ts";

const parcel: Parcel = {
  id: "i".repeat(20),
  queue: "q".repeat(100),
  name: "n".repeat(100),
  payload: Buffer.alloc(0),
  priority: 1,
  attempts: 1,
  interruptions: 1,
  crashes: 1,
  suspected: 0,
  suspectedIn: 0,
  generation: 0,
  isApart: false,
  maxCrashes: 5,
  enqueuedAtMs: 1,
  token: 1,
  options: undefined,
  tags: undefined,
  restMs: 1,
};
/** Each of its characters takes six bytes as JSON. */
const long = "\u0001".repeat(10_000);
const error = { name: long, message: long, code: long, stack: long };

/** A server answers a larger frame with the end of the connection, and the job could never be settled. */
it.each([
  ["small frames", 4096, 0],
  ["small frames and as much to carry as they allow", 4096, 2596],
  ["much else to carry", 131_072, 65_536],
])("tells of a failed job no more than fits into a frame, with %s", (_, frameMax, size) => {
  const heavy = { ...parcel, options: "o".repeat(size) };
  expect(() => assertHeaders(heavy.options, undefined, frameMax)).not.toThrow();
  const letter = toObituary(heavy, "f".repeat(50), { error, keepMs: 1, frameMax });

  const bytes = toFrames([letter], 1, frameMax);
  const methodSize = bytes.readUInt32BE(3) + 8;
  expect(bytes.readUInt32BE(methodSize + 3) + 8).toBeLessThanOrEqual(frameMax);
});

it.each([
  ["what a frame of the server's has room for", 4096, 2597],
  ["65536 bytes", 1_048_576, 65_537],
])("takes no options beyond %s", (_, frameMax, size) => {
  expect(() => assertHeaders("o".repeat(size - 2), "[]", frameMax)).toThrow(`take ${size} bytes`);
});
