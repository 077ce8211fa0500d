import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createProgress } from "../../src/cli/progress.ts";
import { conformanceCases } from "../../src/testing/conformance/cases.ts";
import { CliFolder } from "../support/cli.ts";

let folder: CliFolder;

beforeEach(async () => {
  folder = await CliFolder.create();
});
afterEach(() => folder[Symbol.asyncDispose]());

describe("verify", () => {
  it("prints each case as it ends, and the sum", async () => {
    const { code, out, err } = await folder.run("verify", "memory:", "--quick");

    const lines = out.trim().split("\n");
    expect(err).toMatch(/^The memory broker lives in one process/);
    expect(lines.slice(0, -1)).toHaveLength(conformanceCases.length);
    expect(
      lines.slice(0, -1).filter((line) => !/^(?:passed {3}|skipped {2}|FAILED {3})\S/.test(line)),
    ).toEqual([]);
    expect(lines.at(-1)).toMatch(/^\d+ passed, \d+ failed, \d+ skipped$/);
    expect(code).toBe(out.includes(" 0 failed,") ? 0 : 1);
  });

  it("prints one JSON document", async () => {
    const { out } = await folder.run("verify", "memory:", "--quick", "--json");

    const { broker, results } = JSON.parse(out) as Record<string, unknown>;
    expect(broker).toBe("memory:");
    expect(results).toHaveLength(conformanceCases.length);
  });

  it("proves nothing when it is interrupted", async () => {
    folder.onOutput = () => folder.signals.emit("SIGINT", "SIGINT");
    const { code, out, err } = await folder.run("verify", "memory:", "--quick");

    expect(code).toBe(1);
    expect(out.trim().split("\n")).toHaveLength(1);
    expect(err).toMatch(/\nThe run was interrupted, so nothing is proved\n\[GANGER_CONFORMANCE_FAILED\]\n$/);
  });

  it("wants a URL", async () => {
    expect(await folder.run("verify", "ganger.db")).toMatchObject({ code: 2, out: "" });
  });
});

describe("a progress bar", () => {
  it("is drawn on a terminal and taken away in the end", () => {
    let drawn = "";
    const terminal = Object.assign(new PassThrough(), {
      isTTY: true,
      columns: 80,
      cursorTo: () => {},
      clearLine: () => {},
      moveCursor: () => {},
    });
    terminal.on("data", (chunk: Buffer) => (drawn += chunk.toString()));
    const progress = createProgress(terminal, 2);
    progress.advance("first");
    progress.end();

    expect(progress.isDrawn).toBe(true);
    expect(drawn).toContain("0/2");
  });

  it("is not drawn elsewhere", () => {
    expect(createProgress(new PassThrough(), 2).isDrawn).toBe(false);
  });
});
