import type { ConsumeMessage } from "amqplib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admit } from "../../src/brokers/rabbitmq/admission.ts";
import { Excuses } from "../../src/brokers/rabbitmq/excuses.ts";
import { type Delivery, Lane, type Rank, RETURNED } from "../../src/brokers/rabbitmq/lane.ts";
import { laneOf, type Parcel, toLetter } from "../../src/brokers/rabbitmq/message.ts";

/** A job on a server: what it is as a message, and how often it was given out for nothing. */
class Job {
  #letter: ReturnType<typeof toLetter>;
  #rank: Rank;
  #returns = 0;

  constructor(parcel: Partial<Parcel> = {}) {
    const whole = { ...PARCEL, ...parcel };
    this.#letter = toLetter(whole, { exchange: "", routingKey: "" });
    this.#rank = laneOf(whole).rank;
  }

  get isApart(): boolean {
    return this.#rank === RETURNED;
  }

  /** Its process, or its connection, ends while it has the job. */
  comeBack(): void {
    this.#returns++;
  }

  /** What a claim makes of it: the job as it is handed out, or `undefined` where it is failed. */
  claim(excuses: Excuses): Parcel | undefined {
    for (;;) {
      const { parcel, sequel } = admit(this.#delivery(), excuses);
      if (sequel === undefined) return parcel;
      if (sequel.kind === "failed") return undefined;
      this.#letter = toLetter(sequel.parcel, { exchange: "", routingKey: "" });
      this.#rank = laneOf(sequel.parcel).rank;
      this.#returns = 0;
    }
  }

  #delivery(): Delivery {
    const { content, options } = this.#letter;
    const headers = { ...options.headers, "x-delivery-count": this.#returns };
    const lane = new Lane("lane", { queue: "mail", rank: this.#rank });
    const message = {
      content,
      fields: { redelivered: this.#returns > 0 },
      properties: { ...options, headers },
    };
    return {
      message: message as unknown as ConsumeMessage,
      consumer: { tag: "c", lane, window: 1, out: 1 },
      at: 0,
    };
  }
}

const PARCEL: Parcel = {
  id: "id",
  queue: "mail",
  name: "task",
  payload: Buffer.from("1"),
  priority: 7,
  attempts: 0,
  interruptions: 0,
  crashes: 0,
  suspected: 0,
  isApart: false,
  maxCrashes: 3,
  enqueuedAtMs: 1_700_000_000_000,
  token: 0,
  options: undefined,
  tags: undefined,
  restMs: 0,
};

describe("a job that comes back", () => {
  it("is failed when it came back as often as it may, and not by what it was taken along for", () => {
    const excuses = new Excuses();
    const job = new Job();
    expect(job.claim(excuses)).toMatchObject({ crashes: 0, isApart: false });
    // Twice before anybody claimed it: it never ran in between.
    job.comeBack();
    job.comeBack();
    expect(job.claim(excuses)).toMatchObject({ crashes: 1, isApart: true, priority: 7 });
    job.comeBack();
    expect(job.claim(excuses)).toMatchObject({ crashes: 2, isApart: true, priority: 7 });
    job.comeBack();
    expect(job.claim(excuses)).toBeUndefined();
  });

  it("is not failed for a return that may not have been its own", () => {
    const excuses = new Excuses();
    const job = new Job({ maxCrashes: 1 });
    job.comeBack();
    expect(job.claim(excuses)).toMatchObject({ crashes: 0, isApart: true });
    job.comeBack();
    expect(job.claim(excuses)).toBeUndefined();
  });

  it("counts no crash for those who live, whenever they say so", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("return", "excuse", "claim"), { maxLength: 30 }), (acts) => {
        const excuses = new Excuses();
        const job = new Job({ maxCrashes: 50, crashes: 2 });
        let returns = 0;
        let excused = 0;
        for (const act of acts) {
          if (act === "return") {
            job.comeBack();
            returns++;
          } else if (act === "claim") {
            job.claim(excuses);
          } else if (excused < returns) {
            excuses.add(["id"]);
            excused++;
          }
        }
        while (excused++ < returns) excuses.add(["id"]);
        expect(job.claim(excuses)).toMatchObject({ crashes: 2, priority: 7 });
      }),
    );
  });
});
