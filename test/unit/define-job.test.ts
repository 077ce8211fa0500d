import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import type { Client } from "../../src/client/client.ts";
import type { JobContext } from "../../src/job/context.ts";
import { defineJob, isJobDefinition, type JobOptions } from "../../src/job/define-job.ts";
import { JobRegistry } from "../../src/job/registry.ts";

const perform = () => {};

type Producer = Pick<Client, "enqueue">;

describe("defineJob", () => {
  it("fills in what is not said", () => {
    expect(defineJob({ name: "mail", perform })).toMatchObject({
      name: "mail",
      queue: "default",
      attempts: 3,
      backoff: { type: "exponential", delay: "1s", max: "1h", jitter: 0.2 },
      timeoutMs: undefined,
      graceMs: 5000,
      maxCrashes: 3,
      keep: {},
    });
  });

  it("turns durations into milliseconds", () => {
    const options = { timeout: "2m", grace: "1s", retention: { completed: "1h", failed: 0 } } as const;

    expect(defineJob({ name: "mail", perform, ...options })).toMatchObject({
      timeoutMs: 120_000,
      graceMs: 1000,
      keep: { completedMs: 3_600_000, failedMs: 0 },
    });
  });

  it("is frozen and known for what it is", () => {
    const job = defineJob({ name: "mail", perform });

    expect(Object.isFrozen(job)).toBe(true);
    expect([job, { name: "mail", perform }, null, "mail"].map(isJobDefinition)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it.each([
    [{ perform, attemps: 3 }, "GANGER_JOB_INVALID", /"attemps" is no option/],
    [{ perform: undefined }, "GANGER_JOB_INVALID", /has no perform/],
    [{ perform, name: "" }, "GANGER_JOB_INVALID", /"" cannot name a job/],
    [{ perform, name: "no spaces" }, "GANGER_JOB_INVALID", /cannot name/],
    [{ perform, name: "x".repeat(101) }, "GANGER_JOB_INVALID", /cannot name/],
    [{ perform, queue: "a,b" }, "GANGER_QUEUE_INVALID", /cannot name a queue/],
    [{ perform, attempts: 0 }, "GANGER_OPTION_INVALID", /attempts of the job "mail" is 0/],
    [{ perform, attempts: 2.5 }, "GANGER_OPTION_INVALID", /is 2.5/],
    [{ perform, maxCrashes: -1 }, "GANGER_OPTION_INVALID", /maxCrashes/],
    [{ perform, timeout: "long" }, "GANGER_DURATION_INVALID", /timeout of "mail" is "long"/],
    [{ perform, backoff: { type: "fixed", delay: 1, jitter: 2 } }, "GANGER_OPTION_INVALID", /jitter is 2/],
    [{ perform, retention: { failed: "never" } }, "GANGER_DURATION_INVALID", /retention.failed/],
  ])("refuses %j", (options, code, message) => {
    const all = { name: "mail", ...options } as unknown as JobOptions<unknown, unknown, unknown>;

    expect(() => defineJob(all)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});

const resize = defineJob({
  name: "resize",
  input: z.object({ file: z.string(), width: z.coerce.number<string>() }),
  perform(payload, job) {
    expectTypeOf(payload).toEqualTypeOf<{ file: string; width: number }>();
    expectTypeOf(job).toEqualTypeOf<JobContext>();
    return { bytes: 1 };
  },
});
const plain = defineJob({ name: "plain", perform: async (to: { id: number }) => to.id });
const nothing = defineJob({ name: "nothing", perform });

/** Never called: this is for the compiler alone. */
const produce = async ({ enqueue }: Producer) => [
  await enqueue(resize, { file: "a.jpg", width: "20" }, { delay: "10s", priority: 1 }),
  // @ts-expect-error a number is what perform gets, not what producers give
  await enqueue(resize, { file: "a.jpg", width: 20 }),
  // @ts-expect-error a field is missing
  await enqueue(resize, { file: "a.jpg" }),
  await enqueue(plain, { id: 1 }),
  // @ts-expect-error the type of perform's parameter counts where there is no schema
  await enqueue(plain, { id: "1" }),
  await enqueue(nothing, null),
  // @ts-expect-error no such option
  await enqueue(plain, { id: 1 }, { dely: "10s" }),
  // @ts-expect-error no such unit
  await enqueue(plain, { id: 1 }, { delay: "10w" }),
];

describe("the types of a job", () => {
  it("come from the schema: what comes out of it is for perform", () => {
    type Perform = (typeof resize)["perform"];
    expectTypeOf<Perform>().parameter(0).toEqualTypeOf<{ file: string; width: number }>();
    expectTypeOf<Perform>().returns.toEqualTypeOf<{ bytes: number } | Promise<{ bytes: number }>>();
  });

  it("bind what is enqueued: what goes into the schema is for producers", () => {
    expectTypeOf(produce).returns.resolves.toEqualTypeOf<string[]>();
  });
});

describe("JobRegistry", () => {
  const mail = defineJob({ name: "mail", perform });

  it("finds a job by its name, and takes the same one twice", () => {
    const registry = new JobRegistry([mail, mail]);

    expect(registry.get("mail")).toBe(mail);
    expect(registry.names).toEqual(["mail"]);
  });

  it("refuses two jobs of one name, and says which there are", () => {
    const twin = defineJob({ name: "mail", perform });

    expect(() => new JobRegistry([mail, twin])).toThrow(
      expect.objectContaining({ code: "GANGER_JOB_DUPLICATE" }),
    );
    expect(() => new JobRegistry([mail]).get("sms")).toThrow(
      expect.objectContaining({ code: "GANGER_JOB_UNKNOWN", hint: "Jobs are mail." }),
    );
  });
});
