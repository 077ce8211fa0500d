import { describe, expect, it } from "vitest";
import { z } from "zod";
import { toJson, validate } from "../../src/job/payload.ts";

describe("toJson", () => {
  it("writes plain data", () => {
    expect(toJson({ a: [1, null, "ü"] }, "it")).toBe('{"a":[1,null,"ü"]}');
  });

  it("refuses a cycle in one line", () => {
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;

    expect(() => toJson(cyclic, "The payload")).toThrow(
      expect.objectContaining({
        code: "GANGER_PAYLOAD_UNSERIALIZABLE",
        message: expect.stringMatching(/^The payload is no JSON: [^\n]*circular[^\n]*$/i),
      }),
    );
  });

  it.each([
    ["a BigInt", { n: 1n }, /BigInt/],
    ["undefined", undefined, /is undefined, which is no JSON/],
    ["a function", () => {}, /is function, which is no JSON/],
    ["a toJSON that throws", { toJSON: () => JSON.parse("{") }, /is no JSON/],
  ])("refuses %s", (_, value, message) => {
    expect(() => toJson(value, "It")).toThrow(
      expect.objectContaining({
        code: "GANGER_PAYLOAD_UNSERIALIZABLE",
        message: expect.stringMatching(message),
      }),
    );
  });

  it("counts bytes of UTF-8, not characters", () => {
    const text = "€".repeat(10);

    expect(toJson(text, "It", 32)).toBe(`"${text}"`);
    expect(() => toJson(text, "It", 31)).toThrow(
      expect.objectContaining({ code: "GANGER_PAYLOAD_LARGE", message: "It has 32 bytes; 31 are allowed" }),
    );
  });

  it("allows exactly 1 MiB by default", () => {
    expect(toJson("x".repeat(1_048_574), "It")).toHaveLength(1_048_576);
    expect(() => toJson("x".repeat(1_048_575), "It")).toThrow(/has 1048577 bytes/);
  });
});

describe("validate", () => {
  const schema = z.object({ to: z.array(z.object({ mail: z.email() })), size: z.number().default(1) });

  it("returns what the schema makes of it", () => {
    expect(validate(schema, { to: [] }, "It")).toEqual({ to: [], size: 1 });
  });

  it("names the path of each bad field, through arrays", () => {
    const payload = { to: [{ mail: "a@b.example" }, { mail: "nobody" }], size: "big" };

    expect(() => validate(schema, payload, 'The payload of "mail"')).toThrow(
      expect.objectContaining({
        code: "GANGER_PAYLOAD_INVALID",
        message: expect.stringMatching(/^The payload of "mail" does not fit: to\.1\.mail: .*; size: /),
      }),
    );
  });

  it("says so when the whole of it is wrong", () => {
    expect(() => validate(schema, "text", "It")).toThrow(/\(the whole\): /);
  });

  it("waits for an async schema", async () => {
    const slow = z.object({ id: z.string().refine(async (id) => id === "known", "is not known") });

    await expect(validate(slow, { id: "known" }, "It")).resolves.toEqual({ id: "known" });
    await expect(validate(slow, { id: "other" }, "It")).rejects.toThrow(
      expect.objectContaining({
        code: "GANGER_PAYLOAD_INVALID",
        message: "It does not fit: id: is not known",
      }),
    );
  });

  it("reads paths of objects, as other schema libraries give them", () => {
    const other = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: () => ({ issues: [{ message: "is bad", path: [{ key: "a" }, 0] }] }),
      },
    };

    expect(() => validate(other, {}, "It")).toThrow(/a\.0: is bad/);
  });
});
