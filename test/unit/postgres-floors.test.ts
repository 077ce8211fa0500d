import { describe, expect, it } from "vitest";
import { Floors, GROUND } from "../../src/brokers/postgres/floors.ts";

const QUEUE = 1;

function marked(): { floors: Floors; pass: (ms: number) => void } {
  let now = 0;
  const floors = new Floors(() => now);
  floors.advance(QUEUE, 0, 5000, 1000);
  return {
    floors,
    pass(ms) {
      now += ms;
    },
  };
}

describe("marks of claims", () => {
  it("are used once a queue gave a thousand jobs", () => {
    const floors = new Floors(() => 0);
    floors.advance(QUEUE, 0, 10, 999);
    expect(floors.of(QUEUE)).toBe(GROUND);
    floors.advance(QUEUE, -3, 11, 1);
    expect(floors.of(QUEUE)).toMatchObject({ rank: -3, id: 11 });
  });

  it("are told of by the numbers of their queues", () => {
    const floors = new Floors(() => 0);
    floors.advance(7, 0, 5000, 1000);
    floors.advance(3, -1, 9, 1000);
    floors.advance(5, 0, 6000, 999);
    expect(floors.marked.map(({ queue, floor }) => [queue, floor.rank, floor.id])).toEqual([
      [3, -1, 9],
      [7, 0, 5000],
    ]);
  });

  it("are lowered to before a job that waits again, also while a walk is under way", () => {
    const { floors } = marked();
    floors.lower(6000);
    expect(floors.of(QUEUE).id).toBe(5000);
    floors.reset();
    floors.lower(4000);
    floors.walked(1000);
    expect(floors.of(QUEUE).id).toBe(3999);
  });

  it("are given up by a cheap walk, and taken up again after a slow one", () => {
    const { floors } = marked();
    floors.reset();
    floors.walked(1);
    expect(floors.of(QUEUE)).toBe(GROUND);
    floors.advance(QUEUE, 0, 7000, 1000);
    floors.reset();
    floors.advance(QUEUE, 0, 300, 1);
    floors.walked(200);
    expect(floors.of(QUEUE)).toMatchObject({ rank: 0, id: 7000 });
  });

  it("let a slow walk take a twentieth of the time, and demand a cheap one each second", () => {
    const { floors, pass } = marked();
    floors.walked(200);
    pass(3999);
    expect([floors.mayWalk, floors.isDue]).toEqual([false, false]);
    pass(2);
    expect([floors.mayWalk, floors.isDue]).toEqual([true, true]);
    floors.walked(1);
    pass(999);
    expect([floors.mayWalk, floors.isDue]).toEqual([true, false]);
    pass(2);
    expect(floors.isDue).toBe(true);
  });
});
