import { describe, expect, it } from "vitest";
import { ByHand } from "../../src/pool/reload/by-hand.ts";

describe("what is changed by hand", () => {
  it("is forgotten up to the mark, and kept from there on", () => {
    const hand = new ByHand();
    hand.resize(1);
    hand.empty();
    const mark = hand.marked;
    hand.resize(1);
    hand.resize(1);

    hand.forget(mark);

    expect([hand.extra, hand.isEmptied]).toEqual([2, false]);
  });

  it("is kept as empty when that was said after the mark", () => {
    const hand = new ByHand();
    hand.empty();
    const mark = hand.marked;
    hand.empty();

    hand.forget(mark);

    expect(hand.isEmptied).toBe(true);
  });

  it("is forgotten by one mark after the other, each with what came in between", () => {
    const hand = new ByHand();
    hand.resize(1);
    const first = hand.marked;
    hand.resize(-1);
    const second = hand.marked;
    hand.resize(1);

    hand.forget(first);
    expect(hand.extra).toBe(0);
    hand.forget(second);
    expect(hand.extra).toBe(1);
  });

  it("is remembered when a reload comes to nothing, with what was said meanwhile", () => {
    const hand = new ByHand();
    hand.resize(1);
    hand.empty();
    const undo = hand.forget(hand.marked);
    hand.resize(1);

    undo();

    expect([hand.extra, hand.isEmptied]).toEqual([2, true]);
  });
});
