import fc from "fast-check";
import { expect, it } from "vitest";
import { type Letter, toFrames } from "../../src/brokers/rabbitmq/frames.ts";

const FRAME_MAX = 4096;
const CHANNEL = 7;

/** Cuts what was written into frames again, of which each must be whole and no larger than the server allows. */
function* framesIn(bytes: Buffer) {
  for (let at = 0; at < bytes.length; ) {
    const size = bytes.readUInt32BE(at + 3);
    expect(bytes.readUInt16BE(at + 1)).toBe(CHANNEL);
    expect(size + 8).toBeLessThanOrEqual(FRAME_MAX);
    expect(bytes[at + 7 + size]).toBe(0xce);
    yield { kind: bytes[at], payload: bytes.subarray(at + 7, at + 7 + size) };
    at += size + 8;
  }
}

function read(bytes: Buffer) {
  const letters: { key: string; size: number; content: Buffer }[] = [];
  for (const { kind, payload } of framesIn(bytes)) {
    const last = letters.at(-1);
    if (kind === 1) {
      const keyAt = 7 + (payload[6] ?? 0);
      const key = payload.subarray(keyAt + 1, keyAt + 1 + (payload[keyAt] ?? 0)).toString();
      letters.push({ key, size: -1, content: Buffer.alloc(0) });
    } else if (last !== undefined && kind === 2) last.size = Number(payload.readBigUInt64BE(4));
    else if (last !== undefined) last.content = Buffer.concat([last.content, payload]);
  }
  return letters;
}

const text = fc.string({ unit: "binary", maxLength: 40 });
const letter: fc.Arbitrary<Letter> = fc.record({
  exchange: text,
  routingKey: text,
  content: fc.uint8Array({ maxLength: 3 * FRAME_MAX }).map((bytes) => Buffer.from(bytes)),
  options: fc.record(
    {
      persistent: fc.boolean(),
      messageId: text,
      timestamp: fc.nat(),
      type: text,
      expiration: fc.nat(),
      headers: fc.dictionary(text, fc.oneof(text, fc.integer()), { maxKeys: 5 }),
    },
    { requiredKeys: [] },
  ),
});

it("writes whole frames for any batch of letters, of which each arrives as it was", () => {
  fc.assert(
    fc.property(fc.array(letter, { maxLength: 5 }), (letters) => {
      const written = read(toFrames(letters, CHANNEL, FRAME_MAX));
      expect(written).toEqual(
        letters.map(({ routingKey, content }) => ({ key: routingKey, size: content.length, content })),
      );
    }),
  );
});

it("writes the properties in the order of their bits", () => {
  const options = { persistent: true, messageId: "i", timestamp: 1, type: "t", expiration: 5 };
  const one: Letter = {
    exchange: "",
    routingKey: "q",
    content: Buffer.from("1"),
    options: { ...options, headers: { n: 2, s: "x" } },
  };
  const [, header] = [...framesIn(toFrames([one], CHANNEL, FRAME_MAX))];

  expect(header?.payload.subarray(12).toString("hex")).toBe(
    // Flags, the table of headers, delivery mode, expiration, message id, timestamp and type.
    [
      "31e0",
      "00000013",
      "016e6c0000000000000002",
      "0173530000000178",
      "02",
      "0135",
      "0169",
      "0000000000000001",
      "0174",
    ].join(""),
  );
});

it("takes no name that is longer than AMQP allows", () => {
  const long: Letter = { exchange: "", routingKey: "q".repeat(256), content: Buffer.alloc(0), options: {} };

  expect(() => toFrames([long], CHANNEL, FRAME_MAX)).toThrow("longer than the 255 bytes");
});
