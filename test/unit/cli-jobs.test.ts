import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Outcome } from "../../src/broker/claim.ts";
import { CliFolder } from "../support/cli.ts";

let folder: CliFolder;

beforeEach(async () => {
  folder = await CliFolder.create();
});
afterEach(() => folder[Symbol.asyncDispose]());

/** Enqueues jobs, one per queue named. */
async function enqueue(...queues: readonly string[]): Promise<readonly string[]> {
  await using broker = await folder.openBroker();
  return await broker.enqueue(queues.map((queue, n) => ({ queue, name: "greet", payload: `{"n":${n}}` })));
}

/** Has one worker claim a job of a queue, and report what became of it, if anything. */
async function work(queue: string, outcome?: (id: string, token: number) => Outcome): Promise<void> {
  await using broker = await folder.openBroker();
  await broker.heartbeat([{ holder: "host:1:a", queues: queue }], 60_000);
  const [claim] = await broker.claim({ queues: [queue], limit: 1, holder: "host:1:a" });
  if (claim !== undefined && outcome !== undefined) await broker.settle([outcome(claim.id, claim.token)]);
}

const failed = (id: string, token: number): Outcome => ({
  id,
  token,
  kind: "failed",
  error: {
    name: "Error",
    message: "no such \u001B[31muser",
    stack: "Error: no such user\n    at greet.ts:1",
  },
});

async function parsed(...argv: readonly string[]): Promise<unknown> {
  const { code, out, err } = await folder.runOnStore(...argv, "--json");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out);
}

describe("queues", () => {
  it("counts jobs by state", async () => {
    await enqueue("mail", "mail", "sms");
    await work("mail", failed);

    const { code, out } = await folder.runOnStore("queues");
    expect(code).toBe(0);
    expect(out.split("\n").map((line) => line.split(/\s+/).join(" "))).toEqual([
      "queue waiting scheduled blocked running completed failed cancelled",
      "mail 1 0 0 0 0 1 0",
      "sms 1 0 0 0 0 0 0",
      "",
    ]);
    expect(await parsed("queues")).toMatchObject([
      { queue: "mail", counts: { waiting: 1, failed: 1 } },
      { queue: "sms", counts: { waiting: 1 } },
    ]);
  });

  it("colours for a terminal only, and not under NO_COLOR", async () => {
    await enqueue("mail");
    folder.isTTY = true;
    expect((await folder.runOnStore("queues")).out).toContain("\u001B[");
    folder.env = { NO_COLOR: "1" };
    expect((await folder.runOnStore("queues")).out).not.toContain("\u001B[");
  });
});

describe("jobs", () => {
  it("lists what matches, page by page", async () => {
    const ids = await enqueue("a", "b", "a", "a");

    const first = await folder.runOnStore("jobs", "--queue", "a", "--limit", "2");
    expect(first.out).toContain(`--after ${ids[2]}`);
    expect(await parsed("jobs", "--queue", "a", "--limit", "2", "--after", ids[2] ?? "")).toMatchObject([
      { id: ids[3], queue: "a", name: "greet", state: "waiting", payload: { n: 3 } },
    ]);
    expect(await parsed("jobs", "--state", "failed")).toEqual([]);
    expect((await folder.runOnStore("jobs", "--name", "other")).out).toBe("no job matches\n");
  });

  it("shows a failed job's error without what would steer a terminal", async () => {
    await enqueue("mail");
    await work("mail", failed);

    const { out } = await folder.runOnStore("jobs");
    expect(out).toContain("no such");
    expect(out).not.toContain("\u001B");
  });
});

describe("job", () => {
  it("shows all of one", async () => {
    const [id = ""] = await enqueue("mail");
    await work("mail", failed);

    const { out } = await folder.runOnStore("job", id);
    expect(out).toMatch(/^state +failed$/m);
    expect(out).toMatch(/^payload\n {2}\{\n {4}"n": 0\n {2}\}$/m);
    expect(out).toMatch(/^error\n {2}Error: no such user\n {6}at greet.ts:1$/m);
    expect(await parsed("job", id)).toMatchObject({ id, state: "failed", payload: { n: 0 }, history: [{}] });
  });

  it("is a failure when there is none", async () => {
    const { code, err } = await folder.runOnStore("job", "nope");

    expect(code).toBe(1);
    expect(err).toMatch(/^No job has the id "nope"\n.*\n\[GANGER_JOB_MISSING\]\n$/);
  });
});

describe("retry", () => {
  it("makes failed jobs wait, and says why others do not", async () => {
    const [failedId = "", waitingId = ""] = await enqueue("mail", "sms");
    await work("mail", failed);

    expect(await folder.runOnStore("retry", failedId, waitingId, "nope", failedId)).toEqual({
      code: 1,
      out: "retried 1 job\n",
      err: `not retried: ${waitingId}: it is waiting\nnot retried: nope: there is no such job\n`,
    });
    expect(await parsed("jobs", "--state", "waiting")).toMatchObject([{ id: failedId }, { id: waitingId }]);
  });

  it("retries all that failed, in one queue or in all", async () => {
    await enqueue("a", "b", "b");
    for (const queue of ["a", "b", "b"]) await work(queue, failed);

    expect(await parsed("retry", "--all-failed", "--queue", "b")).toEqual({ retried: 2 });
    expect(await parsed("retry", "--all-failed")).toEqual({ retried: 1 });
  });
});

describe("cancel", () => {
  it("stops what is not finished", async () => {
    const [waiting = "", finished = ""] = await enqueue("a", "b");
    await work("b", failed);

    expect(await folder.runOnStore("cancel", waiting, finished)).toEqual({
      code: 1,
      out: "cancelled 1 job\n",
      err: `not cancelled: ${finished}: it is failed\n`,
    });
  });
});

describe("clear", () => {
  it("asks, saying what it would do, and takes no for an answer", async () => {
    await enqueue("mail", "mail");
    await work("mail", failed);
    folder.answer = "";

    const { code, err } = await folder.runOnStore("clear", "mail");
    expect(code).toBe(1);
    expect(err).toBe('In "mail" this cancels 1 job and deletes 1 finished one. Go on? [y/N] left alone\n');
    expect(await parsed("queues")).toMatchObject([{ counts: { waiting: 1, failed: 1 } }]);
  });

  it("does it after a yes, or without asking", async () => {
    await enqueue("mail", "mail");
    await work("mail", failed);
    folder.answer = "y";

    expect(await folder.runOnStore("clear", "mail", "--state", "failed")).toMatchObject({
      code: 0,
      out: "cleared 1 job from mail\n",
    });
    folder.answer = undefined;
    expect(await parsed("clear", "mail", "--yes")).toEqual({ queue: "mail", cleared: 1 });
  });
});

describe("doctor", () => {
  it("finds nothing wrong with a new store", async () => {
    const findings = await parsed("doctor");

    expect(findings).not.toContainEqual(expect.objectContaining({ level: "error" }));
    expect((await folder.runOnStore("doctor")).code).toBe(0);
  });
});

describe("status", () => {
  it("shows queues and workers, and no password", async () => {
    await enqueue("mail");
    await work("mail");

    const { out } = await folder.runOnStore("status");
    expect(out).toMatch(/^host:1:a +mail +alive +\S+Z +1$/m);
    expect(await parsed("status")).toMatchObject({
      broker: folder.url,
      queues: [{ queue: "mail", counts: { running: 1 } }],
      workers: [{ holder: "host:1:a", queues: "mail", alive: true, held: 1 }],
    });
  });

  it("with --watch goes on until a signal, one JSON document per line", async () => {
    folder.onOutput = () => folder.signals.emit("SIGINT", "SIGINT");
    const { code, out } = await folder.runOnStore("status", "--watch", "--json");

    expect(code).toBe(0);
    expect(
      out
        .trim()
        .split("\n")
        .map((line): unknown => JSON.parse(line)),
    ).toMatchObject([{ queues: [] }]);
    expect(folder.signals.eventNames()).toEqual([]);
  });

  it("with --watch draws over what was there, on a terminal", async () => {
    folder.isTTY = true;
    let draws = 0;
    folder.onOutput = (out) => {
      draws = out.split("\u001B[H").length - 1;
      if (draws === 2 && out.endsWith("\n")) folder.signals.emit("SIGTERM", "SIGTERM");
    };
    await folder.runOnStore("status", "--watch");

    expect(draws).toBe(2);
  });
});
