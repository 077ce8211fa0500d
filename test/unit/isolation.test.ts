import { describe, expect, it } from "vitest";
import { defineJob } from "../../src/job/define-job.ts";
import { type Isolation, resolveIsolation } from "../../src/job/isolation.ts";

const MB = 1024 ** 2;

const perform = () => undefined;

describe("isolation", () => {
  it.each<[Isolation, object]>([
    ["inline", { type: "inline" }],
    [{ type: "inline" }, { type: "inline" }],
    ["thread", { type: "thread" }],
    ["process", { type: "process", maxJobs: 1 }],
    [
      { type: "thread", memory: "64MB", maxJobs: 10 },
      { type: "thread", memory: 64 * MB, maxJobs: 10 },
    ],
    [
      { type: "process", memory: 16 * MB },
      { type: "process", memory: 16 * MB, maxJobs: 1 },
    ],
  ])("%j is made %j", (isolation, resolved) => {
    expect(resolveIsolation(isolation, "The worker")).toStrictEqual(resolved);
  });

  it.each<[unknown, string]>([
    ["vm", 'The worker has the isolation "vm"'],
    [{ memory: "64MB" }, "The worker has the isolation undefined"],
    [null, "The worker has the isolation undefined"],
    [{ type: "process", cpu: 1 }, 'The worker has an isolation with "cpu"'],
    [{ type: "inline", maxJobs: 5 }, "The worker is inline"],
    [{ type: "inline", memory: "64MB" }, "The worker is inline"],
    [{ type: "thread", memory: "lots" }, 'The worker has an isolation with the memory "lots"'],
    [{ type: "process", memory: 16 * MB - 1 }, "The worker has an isolation with the memory 16777215"],
    [{ type: "process", maxJobs: 0 }, "The worker has an isolation with maxJobs 0"],
    [{ type: "process", maxJobs: 1.5 }, "The worker has an isolation with maxJobs 1.5"],
  ])("%j is refused", (isolation, message) => {
    // A program in JavaScript may say anything.
    expect(() => resolveIsolation(isolation as Isolation, "The worker")).toThrow(
      expect.objectContaining({
        code: "GANGER_OPTION_INVALID",
        message: expect.stringContaining(message),
        hint: expect.any(String),
      }),
    );
  });

  it("of a job names the job that is wrong, and is nobody's unless the job says so", () => {
    expect(defineJob({ name: "a", perform }).isolation).toBeUndefined();
    expect(defineJob({ name: "a", isolation: "process", perform }).isolation).toEqual({
      type: "process",
      maxJobs: 1,
    });
    expect(() => defineJob({ name: "a", isolation: { type: "process", memory: 1 }, perform })).toThrow(
      'The job "a" has an isolation with the memory 1',
    );
  });
});
