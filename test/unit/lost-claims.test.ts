import { EventEmitter, once } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Claim } from "../../src/broker/claim.ts";
import { LostClaims } from "../../src/broker/lost-claims.ts";

let losses: number;
let looks: string[];
let lost: LostClaims;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"], now: 1_000_000 });
  losses = 0;
  looks = [];
  lost = new LostClaims({
    losses: () => losses,
    async giveBack(holder, known) {
      looks.push(`${holder}: ${[...known].join()}`);
    },
  });
});

afterEach(() => {
  vi.useRealTimers();
});

const claim = (id: string): Claim => ({
  id,
  token: 1,
  queue: "q",
  name: "task",
  payload: "1",
  priority: 0,
  attempts: 0,
  interruptions: 0,
  crashes: 0,
  enqueuedAtMs: 0,
});
const take = (...ids: string[]) => lost.guard("h", async () => ids.map(claim));
const fail = () => lost.guard("h", () => Promise.reject(new Error("gone"))).catch(() => []);

describe("claims that may be lost", () => {
  it("are not looked for while nothing went wrong", async () => {
    await take("1", "2");
    await take();

    expect(looks).toEqual([]);
  });

  it("are looked for once after a connection was lost, but for those that are held", async () => {
    await take("1", "2");
    lost.end([{ id: "1" }]);
    losses++;
    await take("3");
    await take();

    expect(looks).toEqual(["h: 2"]);
  });

  it("are looked for once a second for a minute after a claim failed, and once more after that", async () => {
    await fail();
    for (let ms = 0; ms < 90_000; ms += 500) {
      await take();
      vi.advanceTimersByTime(500);
    }

    expect(looks).toHaveLength(62);
  });

  it("are looked for again when the look failed", async () => {
    let fails = 1;
    lost = new LostClaims({
      losses: () => losses,
      async giveBack(holder) {
        if (fails-- > 0) throw new Error("still gone");
        looks.push(holder);
      },
    });
    await take();
    losses++;
    await expect(take("1")).rejects.toThrow("still gone");
    await take("1");

    expect(looks).toEqual(["h"]);
  });

  it("are not looked for beside a claim under way, which would be taken for one", async () => {
    const answer = new EventEmitter();
    const slow = lost.guard("h", async () => {
      await once(answer, "given");
      return [claim("1")];
    });
    await Promise.resolve();
    losses++;
    await take();
    expect(looks).toEqual([]);
    answer.emit("given");
    await slow;
    await take();

    expect(looks).toEqual(["h: 1"]);
  });
});
