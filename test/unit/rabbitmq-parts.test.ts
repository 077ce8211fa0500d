import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hopsOf, toRoute } from "../../src/brokers/rabbitmq/delay.ts";
import { timeout } from "../../src/brokers/rabbitmq/doctor.ts";
import { toFailure } from "../../src/brokers/rabbitmq/failure.ts";
import { RETURNED } from "../../src/brokers/rabbitmq/lane.ts";
import { parseLocation } from "../../src/brokers/rabbitmq/location.ts";
import { poisonOf, sequelOf } from "../../src/brokers/rabbitmq/sequel.ts";
import { Topology } from "../../src/brokers/rabbitmq/topology.ts";
import { unsuited } from "../../src/brokers/rabbitmq/wire.ts";

const total = (delayMs: number) => {
  const { levels, restMs } = hopsOf(delayMs);
  return levels.reduce((sum, level) => sum + 2 ** level, restMs);
};

const level = (version: string, consumerTimeoutMs?: number) =>
  timeout(version, { consumerTimeoutMs }).map((finding) => finding.level);

describe("the delays of RabbitMQ", () => {
  it("are made of powers of two, the longest first", () => {
    expect(hopsOf(40)).toEqual({ levels: [5, 3], restMs: 0 });
    expect(toRoute([5, 3], "ganger.q.mail")).toBe("h5.h3.end.ganger.q.mail");
    expect(hopsOf(2 ** 40)).toEqual({ levels: [31], restMs: 2 ** 40 - 2 ** 31 });
  });

  it("never end early, and late by a 64th or half a second at most", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8.64e15 }), (delayMs) => {
        const late = total(delayMs) - delayMs;
        expect(late).toBeGreaterThanOrEqual(0);
        expect(late).toBeLessThanOrEqual(Math.min(512, delayMs / 64));
        const { levels } = hopsOf(delayMs);
        expect(levels).toEqual([...new Set(levels)].sort((a, b) => b - a));
      }),
    );
  });
});

describe("an amqp: URL", () => {
  it("names server, virtual host and user, and the rest by parameters", () => {
    const url =
      "amqps://us%40er:p%3Aw@host/a%2Fb?prefix=shop&type=classic&consumerTimeout=0&store=sqlite%3A.%2Fa.db";

    expect(parseLocation(url)).toEqual({
      protocol: "amqps",
      hostname: "host",
      port: 5671,
      username: "us@er",
      password: "p:w",
      vhost: "a%2Fb",
      prefix: "shop",
      type: "classic",
      heartbeatSeconds: 10,
      consumerTimeoutMs: 0,
      store: "sqlite:./a.db",
      title: "RabbitMQ at host:5671, vhost a/b",
    });
  });

  it("stands for guest on the standard port where it says nothing", () => {
    const { username, password, port, vhost } = parseLocation("amqp://host");
    expect({ username, password, port, vhost }).toEqual({
      username: "guest",
      password: "guest",
      port: 5672,
      vhost: "%2F",
    });
  });
});

describe("the doctor of RabbitMQ", () => {
  it("warns of the time after which a server takes a running job back, where there is one", () => {
    expect(level("3.10.8")).toEqual(["warning"]);
    expect(level("3.10.8", 3_600_000)).toEqual(["warning"]);
    expect(level("3.10.8", 7 * 86_400_000)).toEqual(["info"]);
    expect(level("3.10.8", 0)).toEqual(["info"]);
    expect(level("3.12.0")).toEqual(["info"]);
    expect(level("4.1.0")).toEqual(["info"]);
  });
});

const hintOf = (detail: string) => toFailure(new Error(detail), "amqp://host").hint;

describe("what a user may not do", () => {
  it("is granted by what the error says to type", () => {
    expect(
      hintOf(
        "Operation failed: QueueDeclare; 403 (ACCESS-REFUSED) with message \"ACCESS_REFUSED - configure access to queue 'my.shop.names' in vhost 'jobs' refused for user 'mail'\"",
      ),
    ).toBe(
      "Grant it: rabbitmqctl set_permissions -p jobs mail '^(my[.]shop|amq[.]gen)' '^(my[.]shop|amq[.](gen|default))' '^(my[.]shop|amq[.]gen)'",
    );
    expect(hintOf("ACCESS_REFUSED - write access")).toMatch(/^Grant it, with the prefix .* -p VHOST USER '/);
  });
});

describe("a server of another kind or age", () => {
  it("is named, with the version that is needed", () => {
    expect(unsuited({ product: "RabbitMQ", version: "3.9.29" })).toBe("version 3.9.29");
    expect(unsuited({ product: "LavinMQ", version: "4.0.0" })).toBe("LavinMQ");
    for (const version of ["3.10.0", "3.13.7", "4.0.5", "10.0.0"])
      expect(unsuited({ product: "RabbitMQ", version })).toBeUndefined();
  });
});

describe("the names of RabbitMQ's queues", () => {
  it("tell priorities apart and stay within what a name may be", () => {
    const topology = new Topology({ prefix: "ganger", type: "quorum" });

    expect(topology.lane({ queue: "mail", rank: 0 })[0]).toBe("ganger.q.mail");
    expect(topology.lane({ queue: "mail", rank: -3 })[0]).toBe("ganger.q.mail~-3");
    expect(topology.lane({ queue: "mail", rank: RETURNED })[0]).toBe("ganger.q.mail~returned");
    expect(topology.holder("h".repeat(500))[0].length).toBeLessThan(200);
  });
});

describe("what follows an outcome", () => {
  const parcel = {
    id: "1",
    queue: "mail",
    name: "task",
    payload: Buffer.from("1"),
    priority: 0,
    attempts: 2,
    interruptions: 0,
    crashes: 1,
    suspected: 0,
    suspectedIn: 0,
    generation: 1,
    isApart: false,
    maxCrashes: 3,
    enqueuedAtMs: 1,
    token: 1,
    options: undefined,
    tags: undefined,
    restMs: 0,
  };
  const unrun = { ...parcel, crashes: 0, suspected: 1, isApart: true };
  const claim = { id: "1", token: 1 };

  it("counts attempts, interruptions and crashes each by themselves", () => {
    const error = { name: "Error", message: "…" };
    expect(sequelOf({ ...claim, kind: "completed" }, parcel, unrun)).toBeUndefined();
    expect(sequelOf({ ...claim, kind: "retry", delayMs: 5, error }, parcel, unrun)).toMatchObject({
      kind: "again",
      delayMs: 5,
      parcel: { attempts: 3, crashes: 1, isApart: false },
    });
    expect(sequelOf({ ...claim, kind: "released", started: true }, parcel, unrun)).toMatchObject({
      parcel: { attempts: 2, interruptions: 1 },
    });
    expect(sequelOf({ ...claim, kind: "released", started: false }, parcel, unrun)).toMatchObject({
      parcel: unrun,
    });
    expect(sequelOf({ ...claim, kind: "crashed" }, { ...parcel, crashes: 2 }, unrun)).toMatchObject({
      kind: "failed",
      error: { name: "PoisonError" },
    });
    expect(poisonOf(parcel, undefined)).toBeUndefined();
  });
});
