import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Capture } from "../../src/worker/isolation/capture.ts";
import { markOf } from "../../src/worker/isolation/messages.ts";

const MARK = markOf({ id: "7", token: 3 });
const NEXT = markOf({ id: "8", token: 4 });

function begin(mark = MARK) {
  const lines: string[] = [];
  const capture = new Capture();
  capture.begin(mark, (line) => lines.push(line));
  return { capture, lines };
}

/** Cuts a text at each of these places, wherever that is. */
function cut(text: string, places: readonly number[]): readonly string[] {
  const ends = [...places.map((place) => place % (text.length + 1)), text.length].sort((a, b) => a - b);
  return ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
}

describe("capture", () => {
  it("gives the same lines however two streams are cut and mixed", async () => {
    const text = fc.array(fc.string({ unit: fc.constantFrom("a", "é", "🎉", "\n", "\0", "g") }), {
      maxLength: 20,
    });
    const places = fc.array(fc.nat(1000), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        text,
        text,
        places,
        places,
        fc.infiniteStream(fc.boolean()),
        async (out, err, ...how) => {
          const [outPlaces, errPlaces, coin] = how;
          const printed = { stdout: out.join(""), stderr: err.join("") };
          const chunks = {
            stdout: [...cut(printed.stdout + MARK, outPlaces)],
            stderr: [...cut(printed.stderr + MARK, errPlaces)],
          };
          const capture = new Capture();
          const lines = { stdout: [] as string[], stderr: [] as string[] };
          let stream: keyof typeof lines = "stdout";
          capture.begin(MARK, (line) => lines[stream].push(line));
          while (chunks.stdout.length + chunks.stderr.length > 0) {
            stream = coin.next().value === true ? "stdout" : "stderr";
            const chunk = chunks[stream].shift();
            if (chunk !== undefined) capture.feed(stream, chunk);
          }
          await capture.ended();

          expect(lines).toEqual({ stdout: linesOf(printed.stdout), stderr: linesOf(printed.stderr) });
        },
      ),
    );
  });

  it("is over when both streams have their marks, and not before", async () => {
    const { capture, lines } = begin();
    capture.feed("stdout", `out${MARK}`);
    const ended = capture.ended();
    capture.feed("stderr", `err${MARK}`);
    await ended;

    expect(lines).toEqual(["out", "err"]);
  });

  it("waits for a mark that never comes for a moment only", async () => {
    const { capture, lines } = begin();
    capture.feed("stdout", "no end");
    await capture.ended();

    expect(lines).toEqual(["no end"]);
  });

  it("gives a run nothing of what is printed behind its mark", async () => {
    const { capture, lines } = begin();
    capture.feed("stdout", `mine\n${MARK}nobody's\n`);
    capture.feed("stderr", MARK);
    await capture.ended();
    capture.feed("stdout", "nobody's either\n");
    const next: string[] = [];
    capture.begin(NEXT, (line) => next.push(line));
    capture.feed("stdout", `the next one's\n${NEXT}`);

    expect(lines).toEqual(["mine"]);
    expect(next).toEqual(["the next one's"]);
  });

  it("finds a mark that is cut in two behind a line that is too long", async () => {
    const { capture, lines } = begin();
    capture.feed("stdout", `${"x".repeat(4090)}${MARK.slice(0, 9)}`);
    capture.feed("stdout", `${MARK.slice(9)}nobody's`);
    capture.feed("stderr", MARK);
    await capture.ended();

    expect(lines.join("")).toBe("x".repeat(4090));
  });

  it("keeps the last line that says something of the error stream, run by run", () => {
    const { capture } = begin();
    capture.feed("stderr", "first\n  cannot go on  \n\n");
    capture.feed("stdout", "fine\n");

    expect(capture.lastWords).toBe("cannot go on");
    capture.begin(NEXT, () => undefined);
    expect(capture.lastWords).toBe("");
  });

  it.each([
    [
      "an error that nobody caught",
      "Error: out of ink\n    at Timeout._onTimeout (/app/print.js:3:9)\n    at node:internal/timers:573:17 {\n  code: 'INK'\n}\n\nNode.js v22.0.0\n",
      "Error: out of ink",
    ],
    [
      "something thrown that is no error",
      "Uncaught:\n'out of ink'\n(Use `node --trace-uncaught ...` to show where the exception was thrown)\n\nNode.js v22.0.0\n",
      "'out of ink'",
    ],
    [
      "a heap that is full",
      "FATAL ERROR: heap out of memory\n----- Native stack trace -----\n\n 1: 0xb8 node::Abort()\n10: file:///app/print.js:3:9\n11: print (/app/print.js:3:9)\n",
      "FATAL ERROR: heap out of memory",
    ],
  ])(
    "takes the message of %s for the last words, and not what Node.js prints behind it",
    (_, text, words) => {
      const { capture } = begin();
      capture.feed("stderr", text);
      capture.close();

      expect(capture.lastWords).toBe(words);
    },
  );

  it("takes what has no end of line as last words when it closes", () => {
    const { capture } = begin();
    capture.feed("stderr", "Segmentation fault");
    capture.close();

    expect(capture.lastWords).toBe("Segmentation fault");
  });

  it("bounds a line, with an end or without one", () => {
    const { capture, lines } = begin();
    capture.feed("stdout", `${"a".repeat(5000)}\nshort\n`);
    for (let n = 0; n < 10; n++) capture.feed("stdout", "b".repeat(1000));
    capture.close();

    expect(lines.slice(0, 2)).toEqual([`${"a".repeat(4096)}…`, "short"]);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(4097 + 1000);
    expect(lines.slice(2).join("").replaceAll("…", "").length).toBeGreaterThan(8000);
  });
});

function linesOf(text: string): readonly string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
