import { describe, expect, it } from "vitest";
import { readPayload, toPayload } from "../../src/brokers/postgres/announcements.ts";

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
