import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { Announcements, readPayload, toPayload } from "../../src/brokers/postgres/announcements.ts";
import { Lanes } from "../../src/brokers/postgres/lanes.ts";
import { parseLocation } from "../../src/brokers/postgres/location.ts";
import { Queues } from "../../src/brokers/postgres/queues.ts";
import { Statements } from "../../src/brokers/postgres/statements.ts";

describe("what PostgreSQL announces", () => {
  it.each(["mail", "123", "queue a"])("is the queue of new jobs, also of one named %s", (queue) => {
    expect(readPayload(toPayload([queue]))).toEqual({ queue });
  });

  it("is of anything, where there are several queues or a later release says more", () => {
    expect(readPayload(toPayload(["a", "b"]))).toEqual({});
    expect(readPayload("")).toEqual({});
    expect(readPayload("limit mail")).toEqual({});
  });

  it("is the id of a job that waits again", () => {
    expect(readPayload("17")).toEqual({ id: 17 });
  });
});

/** Of a server that nothing is sent to. */
function create(): Announcements {
  const location = parseLocation("postgres://nowhere/none");
  const statements = new Statements("none");
  const lanes = new Lanes({ location, statements, isPooled: false, isSynchronous: false, max: 1 });
  return new Announcements({ channel: "none", queues: new Queues(lanes.run), lanes });
}

setFlagsFromString("--expose-gc");
const collectGarbage: unknown = runInNewContext("gc");

function heapUsed(): number {
  if (typeof collectGarbage === "function") collectGarbage();
  return process.memoryUsage().heapUsed;
}

describe("a producer of lone jobs", () => {
  it("keeps nothing of those that were announced", async () => {
    const announcements = create();
    const announce = async (from: number) => {
      for (let id = from; id < from + 1000; id++) {
        announcements.followed(Promise.resolve(), { queues: new Map([[1, [id, id]]]), scheduled: undefined });
      }
      await announcements.close();
    };
    await announce(1);
    const before = heapUsed();
    for (let round = 1; round < 100; round++) await announce(round * 1000);

    // A word for each would be as much.
    expect(heapUsed() - before).toBeLessThan(8 * 100_000);
  });
});
