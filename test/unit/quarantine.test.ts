import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Claim } from "../../src/broker/claim.ts";
import { defineJob } from "../../src/job/define-job.ts";
import { JobRun } from "../../src/worker/run/job-run.ts";
import { Quarantine } from "../../src/worker/run/quarantine.ts";

const job = defineJob({ name: "any", perform: () => undefined });

function claimOf(crashes: number): Claim {
  const counts = { attempts: 0, interruptions: 0, crashes, priority: 0, enqueuedAtMs: 0 };
  return { id: "1", token: 1, queue: "q", name: "any", payload: "null", ...counts };
}

function runOf(crashes: number): JobRun {
  return new JobRun(claimOf(crashes), job, 0, { noted: () => undefined, completeIn: async () => true });
}

const fresh = claimOf(0);
const suspect = claimOf(1);

describe("quarantine", () => {
  it("lets jobs that never crashed run together", () => {
    const quarantine = new Quarantine();
    quarantine.started(runOf(0));

    expect(quarantine.admits(fresh, 5, 0)).toBe(true);
    expect(quarantine.isWaiting).toBe(false);
  });

  it("starts a suspect when nothing else runs, or after a second", () => {
    const quarantine = new Quarantine();

    expect(quarantine.admits(suspect, 0, 0)).toBe(true);
    expect(quarantine.admits(suspect, 1, 100)).toBe(false);
    expect(quarantine.isWaiting).toBe(true);
    expect(quarantine.admits(suspect, 1, 1099)).toBe(false);
    expect(quarantine.admits(suspect, 1, 1100)).toBe(true);
  });

  it("starts nothing beside a suspect for a second, and no other suspect for half a minute", () => {
    const quarantine = new Quarantine();
    const run = runOf(1);
    quarantine.started(run);
    const at = (ms: number) => run.startedAt + ms;

    expect(quarantine.admits(fresh, 1, at(990))).toBe(false);
    expect(quarantine.admits(fresh, 1, at(1001))).toBe(true);
    expect(quarantine.admits(suspect, 1, at(1000))).toBe(false);
    expect(quarantine.admits(suspect, 1, at(30_900))).toBe(false);
    expect(quarantine.admits(suspect, 1, at(31_001))).toBe(true);
  });

  it("is over for everybody when the suspect has ended", () => {
    const quarantine = new Quarantine();
    const run = runOf(2);
    quarantine.started(run);
    run.isSettled = true;

    expect(quarantine.admits(fresh, 0, run.startedAt)).toBe(true);
    expect(quarantine.admits(suspect, 0, run.startedAt)).toBe(true);
  });

  it("makes nobody wait for ever, however busy the worker is", () => {
    const crashes = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(crashes, (jobs) => {
        const quarantine = new Quarantine();
        let now = 0;
        for (const count of jobs) {
          const deadline = now + 32_000;
          while (!quarantine.admits(claimOf(count), 9, now)) {
            now += 250;
            expect(now).toBeLessThan(deadline);
          }
          quarantine.started(runOf(count));
        }
      }),
    );
  });
});
