import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { noop } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";
import { TestPool } from "../support/test-pool.ts";

/** As Linux has it everywhere. */
const MS_PER_TICK = 10;

const HEALTHY = { work: 1 };
const WITH_FAILING = { ...HEALTHY, broken: { exec: "sh -c 'exit 1'" } };

/** Processor time of the manager and of all its children that have ended. */
function cpuMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) * MS_PER_TICK;
}

interface Measured {
  /** Share of one core. */
  readonly load: number;
  /** How long each job of the healthy group waited until it was done. */
  readonly delaysMs: readonly number[];
}

async function measure(pool: TestPool, forMs: number): Promise<Measured> {
  const delaysMs: number[] = [];
  const pid = pool.managerPid;
  const [beganAt, before] = [performance.now(), cpuMs(pid)];
  while (performance.now() - beganAt < forMs) {
    const at = performance.now();
    const id = await pool.client.enqueue(noop, { n: 1 });
    await eventually(
      () => pool.report(),
      async () => (await pool.client.broker.inspect?.find(id))?.state === "completed",
    );
    delaysMs.push(performance.now() - at);
    await delay(50);
  }
  return { load: (cpuMs(pid) - before) / (performance.now() - beganAt), delaysMs };
}

async function run(workers: Readonly<Record<string, unknown>>, forMs: number, deaths = 0) {
  const config = { restart: { delay: 1, max: 2 } };
  await using pool = await TestPool.start({ workers, config }, 1);
  const measured = await measure(pool, forMs);
  const died = () => pool.log.split("worker died").length - 1;
  await eventually("it has died so often", () => died() >= deaths, 600_000);
  return { ...measured, status: await pool.status(), shown: (await pool.run("status")).out, died: died() };
}

const LONG = process.env["GANGER_TEST_LONG"] !== undefined;

describe("a worker that dies at every start", () => {
  it("costs less than 5 % of a core, and starves no other group", { timeout: 120_000 }, async () => {
    const without = await run(HEALTHY, 6000);
    const { load, delaysMs, status, shown, died } = await run(WITH_FAILING, 6000);

    expect(load - without.load).toBeLessThan(0.05);
    expect(died).toBeGreaterThan(BREAKS_AFTER);
    const sorted = delaysMs.toSorted((a, b) => a - b);
    expect(sorted.length).toBeGreaterThan(30);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(100);
    const failing = status.groups.find(({ queues }) => queues === "broken")?.failing;
    expect(failing?.reason).toContain("exit status 1");
    expect(status.groups.find(({ queues }) => queues === "work")?.failing).toBeUndefined();
    expect(shown).toMatch(/broken: \d+ failed starts, .*exit status 1/);
  });

  it.runIf(LONG)("does so a thousand times", { timeout: 700_000 }, async () => {
    const without = await run(HEALTHY, 60_000);
    const { load, delaysMs, died } = await run(WITH_FAILING, 60_000, 1000);

    expect(died).toBeGreaterThanOrEqual(1000);
    expect(load - without.load).toBeLessThan(0.05);
    expect(Math.max(...delaysMs)).toBeLessThan(2000);
  });
});

/** So many failures in a row slow down the next start. */
const BREAKS_AFTER = 4;
