import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { JobContext } from "../../src/job/context.ts";
import { defineJob } from "../../src/job/define-job.ts";
import type { JobHooks } from "../../src/job/hooks.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { guardHooks, loadHooks } from "../../src/worker/hooks.ts";
import { Gate } from "../support/interpose.ts";
import { poll, Workshop } from "../support/workshop.ts";

afterEach(() => vi.useRealTimers());

// Node.js loads no TypeScript here, and the hook that would is not built.
vi.mock("../../src/worker/modules/typescript.ts", () => ({ usesTypeScript: async () => false }));

async function moduleOf(code: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ganger-hooks-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "hooks.mjs");
  await writeFile(file, code);
  return file;
}

describe("a module with hooks", () => {
  it.each([
    ["named exports", "export function beforeJob(n) { return n + 1 }"],
    [
      "a default object, whose methods know each other",
      "export default { one: 1, beforeJob(n) { return n + this.one } }",
    ],
    [
      "the hooks of a default configuration",
      "export default { app: 'x', hooks: { beforeJob: (n) => n + 1 } }",
    ],
    [
      "a named one before a default one",
      "export const beforeJob = (n) => n + 1; export default { beforeJob() {} }",
    ],
  ])("has %s", async (_, code) => {
    const hooks = await loadHooks(await moduleOf(code));

    expect(Object.keys(hooks)).toEqual(["beforeJob"]);
    expect(hooks.beforeJob?.(1)).toBe(2);
  });

  it.each([
    ["none", "export const onShutdown = () => undefined; export default null"],
    ["a path to others", "export default { hooks: './hooks.ts' }"],
  ])("may have %s for a worker", async (_, code) => {
    expect(await loadHooks(await moduleOf(code))).toEqual({});
  });

  it.each([
    ["throws", "throw new Error('no')", "cannot be loaded: Error: no"],
    [
      "has another thing under their name",
      "export const afterFork = 'connect'",
      "the hook afterFork is no function",
    ],
  ])("is refused when it %s", async (_, code, message) => {
    const file = await moduleOf(code);

    await expect(loadHooks(file)).rejects.toMatchObject({
      code: "GANGER_MODULE_BROKEN",
      message: expect.stringContaining(message),
    });
    await expect(loadHooks(file)).rejects.toThrow(file);
  });
});

function guard(beforeFork: () => unknown) {
  const lines: string[] = [];
  const log = createLog({
    level: "info",
    format: "text",
    name: "worker",
    write: (line) => lines.push(line),
  });
  return { lines, call: () => guardHooks({ beforeFork }, log).beforeFork?.() };
}

describe("a guarded hook", () => {
  it.each([
    [
      "at once",
      () => {
        throw new Error("no luck");
      },
      "no luck",
    ],
    ["later", () => Promise.reject(new Error("no luck")), "no luck"],
    [
      "what cannot be read",
      () => {
        throw Object.create(null);
      },
      "cannot be read",
    ],
  ])("that throws %s is logged", async (_, hook, message) => {
    const { lines, call } = guard(hook);
    await call();

    expect(lines).toEqual([expect.stringMatching(`error: a hook failed hook=beforeFork error=.*${message}`)]);
  });

  it("that never ends is left alone after 10 s", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { lines, call } = guard(() => new Promise(() => undefined));
    const called = call();
    await vi.advanceTimersByTimeAsync(9999);
    expect(lines).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await called;

    expect(lines[0]).toContain("it did not end within 10 s");
  });

  it("is not there when it was not", () => {
    const { call } = guard(() => 1);
    const log = createLog({ level: "info", format: "text", name: "worker", write: () => undefined });

    expect(call()).toBeInstanceOf(Promise);
    expect(guardHooks({}, log)).toEqual({});
  });
});

/** Runs one job with hooks, and what came before, between and after. */
async function around(
  hooks: (said: string[]) => JobHooks,
  perform: (said: string[], job: JobContext) => unknown,
  timeout?: number,
) {
  const said: string[] = [];
  const job = defineJob<null, unknown>({
    name: "job",
    attempts: 1,
    grace: 20,
    timeout,
    perform: (_: null, context) => perform(said, context),
  });
  await using workshop = await Workshop.start([job], { hooks: hooks(said) });
  const record = await workshop.finished(await workshop.client.enqueue(job, null));
  return { said, record };
}

const speaking = (said: string[]): JobHooks => ({
  async beforeJob({ name, attempt }) {
    await new Promise(setImmediate);
    said.push(`before ${name} ${attempt}`);
  },
  async afterJob({ name }, end) {
    await new Promise(setImmediate);
    said.push(`after ${name} ${"error" in end ? String(end.error) : "well"}`);
  },
});

const throws = () => {
  throw new Error("no luck");
};
const hangs = () => ({ afterJob: () => new Promise(() => undefined) });

describe("hooks around a job", () => {
  it("are awaited, before it and after it", async () => {
    const { said, record } = await around(speaking, (to) => void to.push("job"));

    expect(said).toEqual(["before job 1", "job", "after job well"]);
    expect(record.state).toBe("completed");
  });

  it("are handed what it threw, as it is", async () => {
    const thrown = new RangeError("no paper");
    const ends: unknown[] = [];
    const hooks = () => ({ afterJob: (_: JobContext, end: object) => void ends.push(end) });
    const { record } = await around(hooks, () => {
      throw thrown;
    });

    expect(ends).toEqual([{ error: thrown }]);
    expect(Reflect.get(ends[0] as object, "error")).toBe(thrown);
    expect(record).toMatchObject({ state: "failed", error: { message: "no paper" } });
  });

  it("do it no harm when they throw", async () => {
    const warnings: string[] = [];
    const onWarning = ({ message }: Error) => warnings.push(message);
    process.on("warning", onWarning);
    onTestFinished(() => void process.off("warning", onWarning));
    const { record } = await around(
      () => ({ beforeJob: throws, afterJob: async () => throws() }),
      () => "done",
    );
    await poll(() => warnings).toEqual([
      "The hook beforeJob failed: no luck",
      "The hook afterJob failed: no luck",
    ]);

    expect(record).toMatchObject({ state: "completed", result: '"done"' });
  });

  it("do its outcome no harm when the last never ends", async () => {
    const { record } = await around(hangs, () => "done", 10);

    expect(record).toMatchObject({ state: "completed", result: '"done"' });
  });

  it("keep it from beginning when its time is up before", async () => {
    const { said, record } = await around(
      (to) => ({
        ...speaking(to),
        beforeJob: ({ signal }) =>
          new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
      }),
      (to) => void to.push("job"),
      10,
    );

    expect(said).toEqual(["after job TimeoutError: The run took longer than 10 ms"]);
    expect(record).toMatchObject({ state: "failed", error: { name: "TimeoutError" } });
  });

  it("are waited for by a drain", async () => {
    const gate = new Gate();
    const job = defineJob({ name: "job", perform: () => undefined });
    const workshop = new Workshop([job], { hooks: { afterJob: () => gate.opened } });
    const id = await workshop.client.enqueue(job, null);
    await workshop.worker.start();
    await poll(() => workshop.worker.running).toBe(1);
    const drained = workshop.worker.drain();
    await new Promise(setImmediate);
    expect(await workshop.stateOf(id)).toBe("running");
    gate.open();
    await drained;

    expect(await workshop.stateOf(id)).toBe("completed");
  });
});
