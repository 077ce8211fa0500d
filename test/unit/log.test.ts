import { describe, expect, it } from "vitest";
import { createLog, type LogOptions } from "../../src/telemetry/log.ts";

function logged(options: Partial<LogOptions>, speak: (log: ReturnType<typeof createLog>) => void) {
  const lines: string[] = [];
  speak(
    createLog({
      level: "info",
      format: "text",
      name: "manager",
      write: (line) => lines.push(line),
      ...options,
    }),
  );
  return lines;
}

const everything = (log: ReturnType<typeof createLog>) => {
  log.debug({}, "d");
  log.info({}, "i");
  log.warn({}, "w");
  log.error({}, "e");
};

describe("the log", () => {
  it.each([
    ["trace", 4],
    ["debug", 4],
    ["info", 3],
    ["warn", 2],
    ["error", 1],
    ["fatal", 0],
    ["silent", 0],
  ] as const)("of level %s has %i of four lines", (level, count) => {
    expect(logged({ level }, everything)).toHaveLength(count);
  });

  it("says when, who, what and with what, one line each", () => {
    const [line = ""] = logged({}, (log) => log.info({ worker: "host:1:a", jobs: 3 }, "gave back"));

    expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z manager\[\d+\] gave back worker=host:1:a jobs=3\n$/);
  });

  it("says how bad it is, unless it is not", () => {
    const levels = logged({ level: "debug" }, everything).map((line) => line.replace(/^.*\] /, "").trim());

    expect(levels).toEqual(["debug: d", "i", "warn: w", "error: e"]);
  });

  it.each([
    ["two words", '"two words"'],
    ["a=b", '"a=b"'],
    ['say "no"', String.raw`"say \"no\""`],
    ["", '""'],
    ["first\nlevel=error", String.raw`"first\nlevel=error"`],
    [null, "null"],
    [["a"], '["a"]'],
  ])("quotes %j, so that nothing can be slipped in", (value, text) => {
    const lines = logged({}, (log) => log.info({ value }, "said"));

    expect(lines).toEqual([expect.stringContaining(` said value=${text}\n`)]);
  });

  it("is JSON where that is wanted", () => {
    const [line = ""] = logged({ format: "json" }, (log) => log.warn({ worker: "w", code: null }, "died"));

    expect(line.endsWith("}\n")).toBe(true);
    expect(JSON.parse(line)).toEqual({
      time: expect.stringMatching(/Z$/),
      level: "warn",
      name: "manager",
      pid: process.pid,
      worker: "w",
      code: null,
      msg: "died",
    });
  });
});
