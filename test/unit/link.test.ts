import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GangerError } from "../../src/errors.ts";
import { toFailure } from "../../src/ipc/failure.ts";
import { Link } from "../../src/ipc/link.ts";
import { poll } from "../support/workshop.ts";

interface Note {
  readonly type: string;
  readonly text?: string;
}

/** A stream whose other end is the test: what is pushed arrives, what is written is kept. */
function openEnd() {
  const written: string[] = [];
  const stream = new Duplex({
    read: () => undefined,
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done();
    },
  });
  const received: Note[] = [];
  const link = new Link<Note, Note>(stream, (message) => received.push(message));
  return { stream, link, received, written };
}

/** Both ends of a Unix socket, as between a manager and its child. */
async function socketPair() {
  const folder = await mkdtemp(join(tmpdir(), "ganger-link-"));
  const path = join(folder, "socket");
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(path, resolve);
  });
  const accepted = new Promise<Socket>((resolve) => {
    server.once("connection", resolve);
  });
  const near = connect(path);
  const far = await accepted;
  const close = async () => {
    for (const socket of [near, far]) socket.destroy();
    server.close();
    await rm(folder, { recursive: true });
  };
  return { near, far, [Symbol.asyncDispose]: close };
}

describe("a link", () => {
  it("reads lines, joined or split", async () => {
    const { stream, received } = openEnd();
    stream.push('{"type":"a"}\n{"type":"b"}\n{"ty');
    await poll(() => received.length).toBe(2);

    stream.push('pe":"c"}');
    stream.push("\n");
    await poll(() => received).toEqual([{ type: "a" }, { type: "b" }, { type: "c" }]);
  });

  it("reads the same messages wherever the bytes are cut", async () => {
    const message = fc.record({ type: fc.string(), text: fc.string({ unit: "grapheme" }) });
    const cuts = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(message), cuts, async (messages, sizes) => {
        const { stream, received } = openEnd();
        const bytes = Buffer.from(messages.map((one) => `${JSON.stringify(one)}\n`).join(""));
        for (let at = 0, cut = 0; at < bytes.length; cut++) {
          const size = sizes[cut % sizes.length] ?? 1;
          stream.push(bytes.subarray(at, at + size));
          at += size;
        }
        await poll(() => received.length).toBe(messages.length);
        expect(received).toEqual(messages);
      }),
      { numRuns: 50 },
    );
  });

  it("keeps characters whole that are cut in the middle", async () => {
    const { stream, received } = openEnd();
    for (const byte of Buffer.from('{"type":"é","text":"👷🏽"}\n')) stream.push(Buffer.of(byte));

    await poll(() => received).toEqual([{ type: "é", text: "👷🏽" }]);
  });

  it.each(["", "null", "7", '"text"', "[]", "{}", '{"type":7}', "{", "GET / HTTP/1.1", "\u0000"])(
    "does not read %j, and reads what follows",
    async (garbage) => {
      const { stream, received } = openEnd();
      stream.push(`${garbage}\n{"type":"a"}\n`);

      await poll(() => received).toEqual([{ type: "a" }]);
    },
  );

  it("writes one line a message, whatever is in it", () => {
    const { link, written } = openEnd();

    expect(link.send({ type: "a", text: "two\nlines" })).toBe(true);
    expect(written).toEqual(['{"type":"a","text":"two\\nlines"}\n']);
  });

  it("ends a line that does not end", async () => {
    const { stream, link } = openEnd();
    for (let chunk = 0; chunk <= 16; chunk++) stream.push("x".repeat(1024 * 1024));

    await link.closed;
    expect(stream.destroyed).toBe(true);
  });
});

describe("both ends of a link", () => {
  it("understand each other", async () => {
    await using pair = await socketPair();
    const heard: Note[] = [];
    const near = new Link<Note, Note>(pair.near, (message) => heard.push(message));
    const far = new Link<Note, Note>(pair.far, ({ text = "" }) => void far.send({ type: "answer", text }));
    const texts = Array.from({ length: 500 }, (_, n) => `${n} ${"é".repeat(n)}`);
    for (const text of texts) near.send({ type: "question", text });
    await poll(() => heard.length).toBe(500);

    expect(heard).toEqual(texts.map((text) => ({ type: "answer", text })));
  });

  it("know when the other is gone, and say nothing to it then", async () => {
    await using pair = await socketPair();
    const near = new Link<Note, Note>(pair.near, () => undefined);
    const far = new Link<Note, Note>(pair.far, () => undefined);
    far.close();
    await Promise.all([near.closed, far.closed]);

    expect(far.send({ type: "late" })).toBe(false);
    await poll(() => near.send({ type: "late" })).toBe(false);
  });

  it("survive an end in the middle of a message", async () => {
    await using pair = await socketPair();
    const heard: Note[] = [];
    const near = new Link<Note, Note>(pair.near, (message) => heard.push(message));
    pair.far.write('{"type":"whole"}\n{"type":"ha');
    await poll(() => heard.length).toBe(1);
    pair.far.destroy();
    await near.closed;

    expect(heard).toEqual([{ type: "whole" }]);
  });
});

describe("an error that crosses a process border", () => {
  it("keeps its code and hint, or else its stack", () => {
    const known = new GangerError("GANGER_BROKER_LOCKED", "locked", { hint: "wait" });
    const unknown = new TypeError("oops");

    expect(toFailure(known)).toEqual({ message: "locked", code: "GANGER_BROKER_LOCKED", hint: "wait" });
    expect(toFailure(unknown)).toEqual({ message: unknown.stack });
    expect(toFailure("text")).toEqual({ message: "text" });
  });
});
