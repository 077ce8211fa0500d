import { describe, expect, it } from "vitest";
import type { JobContext } from "../../src/job/context.ts";
import { defineJob } from "../../src/job/define-job.ts";
import { Gate } from "../support/interpose.ts";
import { poll, Workshop } from "../support/workshop.ts";

const heed = (_: null, { signal }: JobContext) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });

const backoff = { type: "fixed", delay: "1h" } as const;
const misread = (_: null, job: JobContext) =>
  heed(_, job).catch(() => {
    throw new RangeError("aborted");
  });

const forEver = () => new Promise<void>(() => undefined);

const deaf = defineJob<null, void>({
  name: "deaf",
  timeout: 20,
  grace: 20,
  perform: forEver,
});
const next = defineJob({ name: "next", perform: () => "ran" });
const CUT = { name: "AbortError", message: "An operator cut the run off" };

/** A worker of one job at a time, which runs this one. */
async function running(job: ReturnType<typeof defineJob<null, unknown>>) {
  const workshop = await Workshop.start([job, next, deaf], { concurrency: 1 });
  const id = await workshop.client.enqueue(job, null);
  await poll(() => workshop.worker.running).toBe(1);
  return { workshop, id };
}

describe("a run that is cut off", () => {
  it("has failed, which uses an attempt, and the worker goes on", async () => {
    const { workshop, id } = await running(defineJob({ name: "long", attempts: 2, backoff, perform: heed }));
    await using _ = workshop;
    workshop.worker.cut();
    const other = await workshop.client.enqueue(next, null);

    expect(await workshop.finished(other)).toMatchObject({ state: "completed" });
    expect(await workshop.find(id)).toMatchObject({
      state: "scheduled",
      attempts: 1,
      interruptions: 0,
      error: CUT,
    });
  });

  it("was its last if it has no attempts left, whatever it throws", async () => {
    const { workshop, id } = await running(defineJob({ name: "long", attempts: 1, perform: misread }));
    await using _ = workshop;
    workshop.worker.cut();

    expect(await workshop.finished(id)).toMatchObject({ state: "failed", attempts: 1, error: CUT });
  });

  it("may still end well", async () => {
    const gate = new Gate();
    const perform = () => gate.opened.then(() => "well");
    const { workshop, id } = await running(defineJob({ name: "long", perform }));
    await using _ = workshop;
    workshop.worker.cut();
    workshop.worker.cut();
    gate.open();

    expect(await workshop.finished(id)).toMatchObject({ state: "completed", result: '"well"' });
  });

  it("is given up after its grace when it goes on, with a time-out of its own or without", async () => {
    for (const timeout of [undefined, "1h"] as const) {
      const { workshop, id } = await running(
        defineJob({ name: "mute", attempts: 1, grace: 30, timeout, perform: forEver }),
      );
      await using _ = workshop;
      const abandoned: string[] = [];
      workshop.worker.events.on("job:abandoned", (event) => abandoned.push(event.id));
      workshop.worker.cut();

      expect(await workshop.finished(id)).toMatchObject({ state: "failed", attempts: 1, error: CUT });
      expect(abandoned).toEqual([id]);
      const other = await workshop.client.enqueue(next, null);
      expect(await workshop.finished(other)).toMatchObject({ state: "completed" });
    }
  });

  it("and ended is not given up later", async () => {
    const { workshop, id } = await running(
      defineJob({ name: "long", attempts: 1, grace: 10, perform: heed }),
    );
    await using _ = workshop;
    const abandoned: string[] = [];
    workshop.worker.events.on("job:abandoned", (event) => abandoned.push(event.id));
    workshop.worker.cut();
    await workshop.finished(id);
    // Its time would be up before that of the next.
    const late = await workshop.client.enqueue(deaf, null);
    await poll(() => abandoned.length).toBe(1);

    expect(abandoned).toEqual([late]);
  });

  it("that stops already goes back as it would have, at no cost", async () => {
    const gate = new Gate();
    const perform = async (_: null, { signal }: JobContext) => {
      await gate.opened;
      signal.throwIfAborted();
    };
    const { workshop, id } = await running(defineJob({ name: "long", perform }));
    const drained = workshop.worker.drain({ timeout: 0, grace: "1h" });
    workshop.worker.cut();
    gate.open();
    await drained;

    expect(await workshop.find(id)).toMatchObject({ state: "waiting", attempts: 0, interruptions: 1 });
  });
});
