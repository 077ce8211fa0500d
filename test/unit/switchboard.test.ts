import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { Switchboard } from "../../src/ipc/switchboard.ts";
import { poll } from "../support/workshop.ts";

let folder: string;
let board: Switchboard;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "ganger-board-"));
  board = await Switchboard.open(join(folder, "links"));
});

afterEach(() => {
  board.close();
  rmSync(folder, { recursive: true });
});

/** Expects somebody, and keeps what comes behind the word. */
function expectSomebody() {
  const heard: string[] = [];
  const word = board.expect((socket) => {
    socket.setEncoding("utf8").on("data", (text: string) => heard.push(text));
  });
  return { word, heard };
}

async function dial(...parts: readonly string[]): Promise<Socket> {
  const socket = connect(board.path);
  await once(socket, "connect");
  for (const part of parts) {
    socket.write(part);
    // Each on its own, as far as the kernel keeps them apart.
    await new Promise(setImmediate);
  }
  return socket;
}

/** Resolves when the other side has hung up, in whatever way. */
function closed(socket: Socket): Promise<unknown> {
  socket.on("error", () => undefined).resume();
  return new Promise((resolve) => {
    socket.once("close", resolve);
  });
}

describe("a switchboard", () => {
  it("puts each connection through to whoever waits for its word, with what stands behind the word", async () => {
    const [one, other] = [expectSomebody(), expectSomebody()];
    const sockets = [await dial(`${other.word}to the other`), await dial(`${one.word}to the one`)];
    await poll(() => one.heard.join("") + other.heard.join("")).toBe("to the oneto the other");

    expect([one.heard, other.heard]).toEqual([["to the one"], ["to the other"]]);
    for (const socket of sockets) socket.destroy();
  });

  it("waits for the rest of a word", async () => {
    const { word, heard } = expectSomebody();
    const socket = await dial(word.slice(0, 5), word.slice(5, 20), `${word.slice(20)}hello`, " again");
    await poll(() => heard.join("")).toBe("hello again");
    socket.destroy();
  });

  it("carries what is said to who came", async () => {
    const word = board.expect((socket) => socket.end("welcome"));
    const socket = await dial(word);
    const [text] = await once(socket.setEncoding("utf8"), "data");

    expect(text).toBe("welcome");
  });

  it("hangs up on who has no word that it knows, a second time or after it was forgotten", async () => {
    const { word, heard } = expectSomebody();
    const first = await dial(`${word}a`);
    await poll(() => heard).toEqual(["a"]);
    const forgotten = board.expect(() => heard.push("forgotten"));
    board.forget(forgotten);

    await closed(await dial("0".repeat(32)));
    await closed(await dial(`${word}b`));
    await closed(await dial(forgotten));
    expect(heard).toEqual(["a"]);
    first.destroy();
  });

  it("takes the place of what a dead process left", async () => {
    const path = join(folder, "left");
    writeFileSync(path, "");
    const second = await Switchboard.open(path);
    second.close();

    expect(second.path).toBe(path);
  });

  it("does not wait for ever for a word", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const socket = await dial("abc");
    const closing = closed(socket);
    for (let turn = 0; turn < 1000 && !socket.closed; turn++) {
      vi.advanceTimersByTime(10_000);
      await new Promise(setImmediate);
    }
    await closing;

    expect(socket.closed).toBe(true);
  });
});
