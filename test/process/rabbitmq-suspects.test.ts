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
const prefix = `suspects${process.pid}`;
const PROGRAM = new URL("../fixtures/killer.ts", import.meta.url).pathname;
const REGISTER = new URL("../../dist/worker/modules/register.js", import.meta.url).href;
const INNOCENT = 300;
/** How often a job may end its process. */
const MAX_CRASHES = 3;

test.skipIf(unavailable !== undefined).each(["quorum", "classic"])(
  "of all jobs that a process held when one killed it, again and again, that one alone is given up, on %s queues",
  { timeout: 60_000 },
  async (type) => {
    const folder = mkdtempSync(join(tmpdir(), "ganger-suspects-"));
    const notes = join(folder, "notes");
    writeFileSync(notes, "");
    const runs = () => readFileSync(notes, "utf8").trim().split("\n");
    const url = `${server}?prefix=${prefix}${type}&type=${type}`;
    await using broker = await openBroker(url);
    const numbers = Array.from({ length: INNOCENT }, (_, n) => n + 1);
    // Behind some that have made the worker ask for many.
    numbers.splice(100, 0, 0);
    await broker.enqueue(
      numbers.map((n) => ({
        queue: "work",
        name: "task",
        payload: JSON.stringify({ n }),
        maxCrashes: MAX_CRASHES,
      })),
    );
    let deaths = 0;
    const start = () =>
      spawn(process.execPath, ["--import", REGISTER, PROGRAM, url, notes], { stdio: "inherit" });
    let program = start();
    const onExit = () => {
      deaths++;
      program = start().once("exit", onExit);
    };
    program.once("exit", onExit);
    const ran = () => new Set(runs()).size;
    try {
      await eventually(
        () => `all ran: ${ran()}`,
        () => ran() === INNOCENT + 1 && deaths === MAX_CRASHES,
        40_000,
      );
      const failed = await eventually("one was given up", async () => {
        const findings = (await broker.maintenance?.doctor()) ?? [];
        return findings.find(({ check }) => check === "failed");
      });
      expect(failed.message).toMatch(/^1 failed jobs /);
      expect(runs().filter((n) => n === "0")).toHaveLength(MAX_CRASHES);
    } finally {
      program.removeAllListeners("exit");
      program.kill("SIGKILL");
      await once(program, "exit");
      await deleteQueues(server, `${prefix}${type}`);
      rmSync(folder, { recursive: true });
    }
  },
);
