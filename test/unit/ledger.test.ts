import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Ledger, ledgerDirectory, readLedger, removeLedger } from "../../src/ipc/ledger.ts";

const HOLDER = "host:1:a";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ganger-ledger-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const read = () => readLedger(directory, HOLDER);

describe("a ledger", () => {
  it("has on record what was marked and flushed", () => {
    using ledger = Ledger.open(directory, HOLDER, 3);
    expect(read()).toEqual([]);

    ledger.mark(2, "12");
    ledger.mark(0, "7");
    expect(read()).toEqual([]);

    ledger.flush();
    expect(read()).toEqual(["7", "12"]);
  });

  it("has the newest job of each slot, however long the names were", () => {
    using ledger = Ledger.open(directory, HOLDER, 2);
    ledger.mark(0, "a-long-name");
    ledger.mark(1, "b");
    ledger.flush();
    ledger.mark(0, "c");
    ledger.flush();

    expect(read()).toEqual(["c", "b"]);
  });

  it("takes ids of 40 characters", () => {
    using ledger = Ledger.open(directory, HOLDER, 3);
    const ids = ["x", "y", "z"].map((letter) => letter.repeat(40));
    for (const [slot, id] of ids.entries()) ledger.mark(slot, id);
    ledger.flush();

    expect(read()).toEqual(ids);
  });

  it("is written once for all that start together, and only where something is new", () => {
    using ledger = Ledger.open(directory, HOLDER, 1000);
    for (let slot = 0; slot < 1000; slot++) ledger.mark(slot, String(slot));
    ledger.flush();
    ledger.flush();

    expect(read()).toEqual(Array.from({ length: 1000 }, (_, slot) => String(slot)));
  });

  it("goes with its worker", () => {
    const ledger = Ledger.open(directory, HOLDER, 1);
    ledger.mark(0, "1");
    ledger.flush();
    ledger[Symbol.dispose]();

    expect(read()).toBeUndefined();
    expect(readdirSync(directory)).toEqual([]);
  });

  it("is one of its own for each holder, whatever the names", () => {
    using one = Ledger.open(directory, "host/../a:1:b", 1);
    using other = Ledger.open(directory, "host:1:c", 1);
    one.mark(0, "1");
    one.flush();
    other.mark(0, "2");
    other.flush();

    expect(readLedger(directory, "host/../a:1:b")).toEqual(["1"]);
    expect(readLedger(directory, "host:1:c")).toEqual(["2"]);
    expect(readdirSync(directory)).toHaveLength(2);
  });

  it("makes its folder, for this user alone", () => {
    const folder = join(directory, "a", "b");
    using ledger = Ledger.open(folder, HOLDER, 1);
    ledger.flush();

    expect(readLedger(folder, HOLDER)).toEqual([]);
    expect(ledgerDirectory()).toContain(tmpdir());
  });

  it("that cannot be written is none, which is better than a wrong one", () => {
    symlinkSync("/dev/full", join(directory, "host_1_a.ledger"));
    const ledger = Ledger.open(directory, HOLDER, 1);
    ledger.mark(0, "1");
    ledger.flush();

    expect(read()).toBeUndefined();
    ledger.mark(0, "2");
    ledger.flush();
    ledger[Symbol.dispose]();
  });

  it("tells what was marked last, whatever was marked before", () => {
    const id = fc.stringMatching(/^[!-~]{1,40}$/);
    const marks = fc.array(fc.record({ slot: fc.nat({ max: 9 }), id }));
    fc.assert(
      fc.property(fc.array(marks), (flushes) => {
        using ledger = Ledger.open(directory, HOLDER, 10);
        const last: string[] = [];
        for (const marked of flushes) {
          for (const mark of marked) {
            ledger.mark(mark.slot, mark.id);
            last[mark.slot] = mark.id;
          }
          ledger.flush();
        }
        expect(read()).toEqual(Object.values(last));
      }),
    );
  });
});

describe("what a dead holder left", () => {
  it("is nothing when it is not there, no file, or in no folder", () => {
    mkdirSync(join(directory, "host_2_a.ledger"));

    expect(read()).toBeUndefined();
    expect(readLedger(directory, "host:2:a")).toBeUndefined();
    expect(readLedger(join(directory, "absent"), HOLDER)).toBeUndefined();
  });

  it("is read as far as it goes", () => {
    writeFileSync(join(directory, "host_1_a.ledger"), `${"x".repeat(40)}12\0\0`);

    expect(read()).toEqual(["x".repeat(40), "12"]);
  });

  it("can be removed, more than once", () => {
    writeFileSync(join(directory, "host_1_a.ledger"), "");
    removeLedger(directory, HOLDER);
    removeLedger(directory, HOLDER);

    expect(existsSync(join(directory, "host_1_a.ledger"))).toBe(false);
  });
});
