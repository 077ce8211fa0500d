import * as fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { suggest } from "../../src/config/check/suggestions.ts";
import { defineConfig } from "../../src/config/define-config.ts";
import { interpolate } from "../../src/config/layer/interpolate.ts";
import { overlay, toPlain, toSourced } from "../../src/config/layer/sources.ts";
import type { GangerConfig } from "../../src/config/options.ts";
import { redact } from "../../src/config/redact.ts";

describe("redact", () => {
  it.each([
    ["redis://user:pw@host/0", "redis://user:***@host/0"],
    ["redis://:pw@host", "redis://:***@host"],
    ["postgres://u:p@ss:w@rd@host/db", "postgres://u:***@host/db"],
    ["amqps://u:p%40@h?x=1", "amqps://u:***@h?x=1"],
    ["postgres://host/db?user=u&password=pw&ssl=1", "postgres://host/db?user=u&password=***&ssl=1"],
    ["cannot reach mysql://u:pw@h: no route", "cannot reach mysql://u:***@h: no route"],
    ["amqp://h?store=redis%3A%2F%2Fu%3Apw%40h&x=1", "amqp://h?store=***&x=1"],
    ["redis://host:6379/0", "redis://host:6379/0"],
    ["Write redis://USER:PASSWORD@HOST:6379/0, so", "Write redis://USER:PASSWORD@HOST:6379/0, so"],
    ["amqp://USER:PASSWORD@HOST@host", "amqp://USER:***@host"],
    ["amqp://USER:PASSWORD@host", "amqp://USER:***@host"],
    ["redis://[::1]:6379", "redis://[::1]:6379"],
    ["sqlite:./ganger.db?prefix=a", "sqlite:./ganger.db?prefix=a"],
  ])("%s is shown as %s", (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it("leaves nothing of any password in a URL", () => {
    const password = fc.string({ minLength: 1 }).filter((text) => !/[\s"]/.test(text));
    fc.assert(
      fc.property(password, (secret) => {
        expect(redact(`redis://user:${secret}@host/0`)).toBe("redis://user:***@host/0");
      }),
    );
  });
});

describe("interpolate", () => {
  const env = { A: "1", EMPTY: "" };

  it.each([
    ["${A}", "1"],
    ["x${A}y${A}", "x1y1"],
    ["${B:-two}", "two"],
    ["${EMPTY:-two}", "two"],
    ["${EMPTY}", ""],
    ["${B:-}", ""],
    ["$A $", "$A $"],
    ["$${A}", "${A}"],
    ["${toString:-no}", "no"],
  ])("%s becomes %j", (text, expected) => {
    expect(interpolate(text, env)).toEqual({ text: expected, problems: [] });
  });

  it.each([
    ["${B}", /needs the variable B/],
    ["${}", /neither/],
    ["${1A}", /neither/],
    ["${A", /neither/],
    ["${A:-${B}}", /neither/],
  ])("%s is a problem", (text, expected) => {
    const { problems } = interpolate(text, env);

    expect(problems[0]).toMatch(expected);
  });
});

describe("suggest", () => {
  it.each([
    ["wrokers", "workers"],
    ["Workers", "workers"],
    ["broke", "broker"],
    ["heartbeet", "heartbeat"],
    ["queues", undefined],
    ["x", undefined],
  ])("%s: %s", (word, expected) => {
    expect(suggest(word, ["app", "broker", "workers", "heartbeat"])).toBe(expected);
  });
});

const tree = (value: unknown) => toSourced(value, () => ({ kind: "default" }));

describe("overlay", () => {
  it("joins mappings and replaces the rest, and keeps no empty key", () => {
    const below = tree({ a: { b: 1, c: [1, 2] }, d: 4 });
    const above = tree({ a: { c: [3], e: null }, d: undefined });

    expect(toPlain(overlay(below, above))).toEqual({ a: { b: 1, c: [3] }, d: 4 });
  });

  it("is not led astray by the names of prototypes", () => {
    const parsed: unknown = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}');
    const plain = toPlain(overlay(tree({}), tree(parsed)));

    expect(Object.getPrototypeOf(plain)).toBe(Object.prototype);
    expect(Object.keys(plain as object)).toEqual(["__proto__", "constructor"]);
    expect({}).not.toHaveProperty("polluted");
  });
});

it("types a configuration", () => {
  expectTypeOf(defineConfig).parameter(0).toEqualTypeOf<GangerConfig>();
  // @ts-expect-error no such option
  defineConfig({ wrokers: {} });
  // @ts-expect-error no such unit
  defineConfig({ heartbeat: { every: "5 seconds" } });
  expect(defineConfig({ workers: { mail: 2, "a,*": { stop: "1m" } } })).toEqual({
    workers: { mail: 2, "a,*": { stop: "1m" } },
  });
});
