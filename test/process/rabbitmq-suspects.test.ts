import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBroker } from "ganger";
import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { deleteQueues } from "../support/rabbitmq-queues.ts";
import { service } from "../support/services.ts";

const { url: server, unavailable } = await service("rabbitmq");
const PROGRAM = new URL("../fixtures/killer.ts", import.meta.url).pathname;
const REGISTER = new URL("../../dist/worker/modules/register.js", import.meta.url).href;
const INNOCENT = 150;

test.skipIf(unavailable !== undefined).each([
  ["quorum", 3],
  ["quorum", 1],
  ["classic", 3],
])(
  "of all jobs that a process held when two killed it, those alone are given up, on %s queues and after %i crashes",
  { timeout: 60_000 },
  async (type, maxCrashes) => {
    const folder = mkdtempSync(join(tmpdir(), "ganger-suspects-"));
    const notes = join(folder, "notes");
    writeFileSync(notes, "");
    const prefix = `suspects${process.pid}${type}${maxCrashes}`;
    const url = `${server}?prefix=${prefix}&type=${type}`;
    const begun = () => readFileSync(notes, "utf8").trim().split("\n").map(Number);
    const innocent = () => new Set(begun().filter((n) => n > 0)).size;
    await using broker = await openBroker(url);
    // Those that kill are behind some that have made the worker ask for many.
    const numbers = Array.from({ length: INNOCENT }, (_, n) => n + 1).toSpliced(60, 0, 0, -1);
    await broker.enqueue(
      numbers.map((n) => {
        const queue = n > 0 && n % 3 === 0 ? "other" : "work";
        return { queue, name: "task", payload: JSON.stringify({ n }), maxCrashes };
      }),
    );
    let deaths = 0;
    const start = () =>
      spawn(process.execPath, ["--no-warnings", "--import", REGISTER, PROGRAM, url, notes], {
        stdio: "inherit",
      });
    let program = start();
    const onExit = () => {
      deaths++;
      program = start().once("exit", onExit);
    };
    program.once("exit", onExit);
    const failed = async () => {
      const findings = (await broker.maintenance?.doctor()) ?? [];
      return Number.parseInt(findings.find(({ check }) => check === "failed")?.message ?? "0", 10);
    };
    try {
      await eventually(
        () => `all ran: ${innocent()}, after ${deaths} deaths`,
        async () => innocent() === INNOCENT && (await failed()) >= 2,
        40_000,
      );
      expect(await failed()).toBe(2);
      const guilty = begun().filter((n) => n <= 0);
      expect(guilty).toHaveLength(deaths);
      for (const one of [0, -1]) {
        const runs = guilty.filter((n) => n === one).length;
        expect(runs).toBeGreaterThanOrEqual(1);
        // Where the queue for them is new, they run where they are for a second, which proves nothing against one.
        expect(runs).toBeLessThanOrEqual(maxCrashes + 4);
      }
    } finally {
      program.removeAllListeners("exit");
      program.kill("SIGKILL");
      await once(program, "exit");
      await deleteQueues(server, prefix);
      rmSync(folder, { recursive: true });
    }
  },
);
