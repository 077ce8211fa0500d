import { describe, expect, it } from "vitest";
import { painter } from "../../src/cli/output.ts";
import { poolView } from "../../src/cli/pool-view.ts";
import type { GroupStatus, MemberStatus, PoolStatus } from "../../src/control/messages.ts";

const AT = Date.parse("2030-01-31T08:00:00Z");
const MB = 1024 * 1024;

const pool: PoolStatus = {
  app: "shop",
  environment: "production",
  file: "/srv/shop/ganger.yml",
  pid: 4242,
  startedAtMs: AT,
  state: "running",
  coordinator: { pid: 4243, state: "up" },
  groups: [],
  events: [],
};

const worker: MemberStatus = {
  pid: 5001,
  holder: "host:5001",
  state: "waiting",
  sinceMs: AT,
  jobs: [],
  done: 7,
  rss: 80 * MB,
  isReplaced: false,
  worn: undefined,
};

const group: GroupStatus = { queues: "mail", wanted: 1, workers: [worker], orphans: [], failing: undefined };

function view(changes: Partial<PoolStatus>, inColour = false): string {
  return poolView({ ...pool, ...changes }, painter(inColour));
}

/** The line of the table that begins with this. */
function lineOf(text: string, start: string): string {
  return text.split("\n").find((line) => line.trimStart().startsWith(start)) ?? "";
}

describe("a pool", () => {
  it("is named with its manager", () => {
    expect(view({})).toBe(
      [
        "pool  shop (production), running, manager 4242 since 2030-01-31T08:00:00Z, coordinator 4243 up",
        "      /srv/shop/ganger.yml",
        "",
        "the pool is empty",
      ].join("\n"),
    );
  });

  it("may have no coordinator and no file", () => {
    const text = view({ coordinator: undefined, file: undefined, state: "stopping" });

    expect(text).toMatch(/^pool {2}shop \(production\), stopping, .*, no coordinator\n\nthe pool/);
    expect(view({ coordinator: { pid: undefined, state: "cooling" } })).toContain("coordinator cooling");
  });

  it("says what its workers are forked from", () => {
    expect(view({ forks: { pid: 4244, state: "ready" } })).toContain(
      "coordinator 4243 up, fork server 4244 ready\n",
    );
    expect(view({ forks: { pid: undefined, state: "unavailable" } })).toContain(
      ", fork server unavailable\n",
    );
  });

  it("shows what happened last", () => {
    const events = [{ atMs: AT, text: "worker 5000 died" }];

    expect(view({ events })).toMatch(/\n\nlast events\n2030-01-31T08:00:00Z {2}worker 5000 died$/);
  });

  it("steers no terminal, and survives what another release may say", () => {
    const odd = { ...group, queues: "ma\u001B[2Jil" };
    const events = [{ atMs: Number.MAX_VALUE, text: "a\u001B[2Jb\nc" }];

    expect(view({ app: "s\u001Bhop", groups: [odd], events })).not.toContain("\u001B");
  });
});

describe("a group", () => {
  it.each<readonly [Partial<GroupStatus>, RegExp]>([
    [{}, /^mail +1 +1 +0 +ok$/],
    [{ wanted: 2 }, /^mail +2 +1 +0 +starting$/],
    [{ wanted: 0 }, /^mail +0 +1 +0 +shrinking$/],
    [{ workers: [{ ...worker, state: "starting" }] }, /^mail +1 +0 +0 +starting$/],
    [{ orphans: [{ pid: 7 }, { pid: 8 }] }, /^mail +1 +1 +2 +ok$/],
    [{ failing: { failures: 5, nextInMs: 12_300, reason: "x" } }, /^mail +1 +1 +0 +failing$/],
  ])("with %j is shown by what it lacks", (changes, line) => {
    expect(lineOf(view({ groups: [{ ...group, ...changes }] }), "mail")).toMatch(line);
  });

  it("says why it fails and when it tries again", () => {
    const failing = { failures: 5, nextInMs: 12_300, reason: "jobs/mail.ts\nis broken" };

    expect(view({ groups: [{ ...group, failing }] })).toContain(
      "\nmail: 5 failed starts, next try in 13 s: jobs/mail.ts is broken\n",
    );
  });

  it("names the workers that an earlier manager left", () => {
    expect(view({ groups: [{ ...group, orphans: [{ pid: 7 }] }] })).toContain(
      "\nmail: 1 worker of an earlier manager finishes its jobs: 7\n",
    );
    expect(view({ groups: [{ ...group, orphans: [{ pid: 7 }, { pid: 8 }] }] })).toContain(
      "2 workers of an earlier manager finish their jobs: 7, 8",
    );
  });

  it("is red where it fails", () => {
    const failing = { failures: 1, nextInMs: 0, reason: "x" };

    expect(view({ groups: [{ ...group, failing }] }, true)).toContain("\u001B[31mfailing\u001B[39m");
  });
});

describe("a worker", () => {
  const job = { id: "41", queue: "mail", name: "send-mail", sinceMs: AT + 60_000 };

  it.each<readonly [Partial<MemberStatus>, RegExp]>([
    [{}, /^5001 +mail +waiting +2030-01-31T08:00:00Z +7 +80MB$/],
    [{ state: "working", jobs: [job] }, /working +send-mail 41 +2030-01-31T08:01:00Z +7 +80MB$/],
    [{ state: "working", jobs: [job, job, job] }, /send-mail 41 and 2 more/],
    [{ rss: undefined, sinceMs: undefined, done: 0 }, /^5001 +mail +waiting +0$/],
    [{ isReplaced: true }, /replaced$/],
    [{ worn: { reason: "maxAge" } }, /reached its age$/],
    [{ worn: { reason: "maxJobs", done: 1000 }, isReplaced: true }, /replaced: did 1000 jobs$/],
    [{ worn: { reason: "memory", rss: 200 * MB, grew: [] } }, /grew to 200MB$/],
    [
      { worn: { reason: "memory", rss: 1536 * MB, grew: [{ name: "thumb", bytes: 900 * MB }] } },
      /grew to 1.5GB, 900MB of it in thumb$/,
    ],
  ])("with %j", (changes, line) => {
    const workers = [{ ...worker, ...changes }];

    expect(lineOf(view({ groups: [{ ...group, workers }] }), "5001")).toMatch(line);
  });

  it("may not be a process yet", () => {
    const workers = [{ ...worker, pid: undefined, state: "cooling" as const, rss: undefined }];

    expect(view({ groups: [{ ...group, workers }] })).toMatch(/\n +mail +cooling +2030-01-31T08:00:00Z +7$/);
  });
});
