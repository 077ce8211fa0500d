/* oxlint-disable unicorn/no-thenable -- What jobs return may be anything, and that is what is tested here. */
import { describe, expect, it } from "vitest";
import { defineJob } from "../../src/job/define-job.ts";
import { Workshop } from "../support/workshop.ts";

const fine = defineJob({ name: "fine", perform: () => "done" });

/** Runs a job that does its worst, once, then one that does not; both must end. */
async function survive(perform: () => unknown) {
  const hostile = defineJob({ name: "hostile", attempts: 1, perform });
  await using workshop = await Workshop.start([hostile, fine], { concurrency: 1 });
  const id = await workshop.client.enqueue(hostile, null);
  const next = await workshop.client.enqueue(fine, null);
  expect(await workshop.finished(next)).toMatchObject({ state: "completed" });
  return workshop.finished(id);
}

describe("what a job throws", () => {
  it.each([
    ["a text", "no", { name: "Error", message: "no" }],
    ["nothing", undefined, { name: "Error", message: "undefined" }],
    ["an object", { code: 7 }, { name: "Error", message: '{"code":7}' }],
    ["an object without a prototype", Object.create(null), { name: "Error", message: "{}" }],
    ["an error with a code", Object.assign(new Error("gone"), { code: "ENOENT" }), { code: "ENOENT" }],
    ["an error whose message is no text", Object.assign(new Error(), { message: 42 }), {}],
    ["an error whose name is no text", Object.assign(new Error("odd"), { name: Symbol("odd") }), {}],
  ])("may be %s, at once or later", async (_, thrown: unknown, error) => {
    const job = await survive(() => {
      throw thrown;
    });
    const later = await survive(async () => {
      throw thrown;
    });

    expect(job).toMatchObject({ state: "failed", error });
    expect(later).toMatchObject({ state: "failed", error });
  });
});

describe("what a job returns", () => {
  it("may be thenable and no promise, as a query builder is", async () => {
    const query = { then: (resolve: (rows: unknown) => void) => resolve([1, 2]) };

    expect(await survive(() => query)).toMatchObject({ state: "completed", result: "[1,2]" });
  });

  it.each([
    [
      "throws when it is waited for",
      {
        then() {
          throw new Error("no connection");
        },
      },
    ],
    [
      "throws when it is looked at",
      {
        get then() {
          throw new Error("no connection");
        },
      },
    ],
    [
      "throws when it is written",
      {
        toJSON: () =>
          ((): never => {
            throw new Error("no connection");
          })(),
      },
    ],
  ])("may be something that %s", async (_, result) => {
    expect(await survive(() => result)).toMatchObject({
      state: "failed",
      error: { message: expect.stringContaining("no connection") },
    });
  });

  it("counts once, though it answers twice", async () => {
    const query = {
      then(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
        resolve(1);
        reject(new Error("too late"));
      },
    };

    expect(await survive(() => query)).toMatchObject({ state: "completed", result: "1" });
  });
});
