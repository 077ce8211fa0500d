import type { Message } from "amqplib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admit } from "../../src/brokers/rabbitmq/admission.ts";
import { Excuses } from "../../src/brokers/rabbitmq/excuses.ts";
import { type Delivery, Lane } from "../../src/brokers/rabbitmq/lane.ts";
import { excuseOf, laneOf, type Parcel, toLetter, UNTRIED } from "../../src/brokers/rabbitmq/message.ts";

/** A job on a server: the message that it is now, and how often that was given out for nothing. */
class Job {
  readonly excuses = new Excuses();
  readonly #counts: boolean;
  #message: Message;
  #lane: Lane;
  #returns = 0;

  /** Classic queues do not count how often they give a message out. */
  constructor(parcel: Partial<Parcel> = {}, counts = true) {
    this.#counts = counts;
    [this.#message, this.#lane] = toMessage({ ...PARCEL, ...parcel });
  }

  /** Its process, or its connection, ends while it has the job. What the process says of it if it lives. */
  comeBack(): string {
    this.#returns++;
    return excuseOf(this.#message);
  }

  /** What a claim makes of it: the job as it is handed out, or `undefined` where it is failed. */
  claim(): Parcel | undefined {
    for (;;) {
      const { parcel, sequel } = admit(this.#delivery(), this.excuses);
      if (sequel === undefined) return parcel;
      if (sequel.kind === "failed") return undefined;
      this.#publish(sequel.parcel);
    }
  }

  /** It has not run. */
  giveBack(): void {
    const { unrun, sequel } = admit(this.#delivery(), this.excuses);
    if (sequel?.kind !== "failed") this.#publish(sequel?.parcel ?? unrun);
  }

  #publish(parcel: Parcel): void {
    [this.#message, this.#lane] = toMessage(parcel);
    this.#returns = 0;
  }

  #delivery(): Delivery {
    const { properties, content } = this.#message;
    const count = this.#counts ? { "x-delivery-count": this.#returns } : {};
    const message = {
      content,
      fields: { redelivered: this.#returns > 0 },
      properties: { ...properties, headers: { ...properties.headers, ...count } },
    };
    const consumer = { tag: "c", lane: this.#lane, window: 1, out: 1 };
    return { message: message as Message, consumer, at: 0, isStuck: false };
  }
}

function toMessage(parcel: Parcel): [Message, Lane] {
  const { content, options } = toLetter(parcel, { exchange: "", routingKey: "" });
  return [
    { content, fields: {}, properties: options } as unknown as Message,
    new Lane("lane", laneOf(parcel)),
  ];
}

const PARCEL: Parcel = {
  ...UNTRIED,
  id: "id",
  queue: "mail",
  name: "task",
  payload: Buffer.from("1"),
  priority: 7,
  maxCrashes: 3,
  enqueuedAtMs: 1_700_000_000_000,
  options: undefined,
  tags: undefined,
};

describe("a job that comes back", () => {
  it.each([
    [1, [1, undefined]],
    [2, [1, 2, undefined]],
    [3, [0, 2, 3, undefined]],
    [5, [0, 2, 3, 4, undefined]],
  ])("is failed for what happened when it ran by itself, if it may crash %i times", (maxCrashes, crashes) => {
    const job = new Job({ maxCrashes });
    const seen = crashes.map(() => {
      job.comeBack();
      return job.claim()?.crashes;
    });
    expect(seen).toEqual(crashes);
  });

  it("counts no crash for those who live, whenever they say so", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("return", "excuse", "claim"), { maxLength: 30 }), (acts) => {
        const job = new Job({ maxCrashes: 50, crashes: 2 });
        const unsaid: string[] = [];
        for (const act of acts) {
          if (act === "return") unsaid.push(job.comeBack());
          else if (act === "claim") job.claim();
          else job.excuses.add(unsaid.splice(0, 1));
        }
        job.excuses.add(unsaid);
        expect(job.claim()).toMatchObject({ crashes: 2, priority: 7 });
      }),
    );
  });

  it("counts each crash once, whoever else came back alive, and however often it is given back", () => {
    const acts = fc.array(fc.constantFrom("crash", "loss", "give back"), { maxLength: 30 });
    fc.assert(
      fc.property(acts, fc.boolean(), (all, counts) => {
        const job = new Job({ maxCrashes: 50, crashes: 2 }, counts);
        let crashes = 2;
        for (const act of all) {
          if (act === "give back") job.giveBack();
          else {
            const name = job.comeBack();
            if (act === "loss") job.excuses.add([name]);
            else crashes++;
          }
          // One alone says nothing.
          const shown = crashes === 3 ? 2 : crashes;
          expect(job.claim()).toMatchObject({ crashes: shown, priority: 7 });
        }
      }),
    );
  });
});
