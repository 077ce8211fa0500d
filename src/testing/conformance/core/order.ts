import assert from "node:assert/strict";
import type { Claim } from "../../../broker/claim.ts";
import type { ConformanceCase } from "../case.ts";

const idsOf = (claims: readonly Claim[]) => claims.map(({ id }) => id);

/** Which job is handed out first. */
export const orderCases: readonly ConformanceCase[] = [
  {
    name: "hands out the oldest job first",
    async run({ fill, take }) {
      const ids = [...(await fill(3)), ...(await fill(2)), ...(await fill(1))];

      assert.deepEqual(idsOf(await take("worker", 10)), ids);
    },
  },
  {
    name: "hands out a higher priority first, whatever the age",
    async run({ fill, take }) {
      const [low] = await fill(1, { priority: 1 });
      const [high] = await fill(1, { priority: 10 });
      const [middle] = await fill(1, { priority: 5 });

      assert.deepEqual(idsOf(await take("worker", 10)), [high, middle, low]);
    },
  },
  {
    name: "takes no priority for zero, and a negative one for less",
    async run({ fill, take }) {
      const [negative] = await fill(1, { priority: -1 });
      const [none] = await fill(1);
      const [zero] = await fill(1, { priority: 0 });
      const [positive] = await fill(1, { priority: 1 });

      assert.deepEqual(idsOf(await take("worker", 10)), [positive, none, zero, negative]);
    },
  },
  {
    name: "orders the extremes of priority",
    async run({ fill, take }) {
      const [lowest] = await fill(1, { priority: -1_000_000_000 });
      const [low] = await fill(1, { priority: -999_999_999 });
      const [high] = await fill(1, { priority: 999_999_999 });
      const [highest] = await fill(1, { priority: 1_000_000_000 });

      assert.deepEqual(idsOf(await take("worker", 10)), [highest, high, low, lowest]);
    },
  },
  {
    name: "keeps to age within each priority, over many small claims",
    async run({ broker, queue, take }) {
      const jobs = Array.from({ length: 300 }, (_, n) => ({
        queue: queue(),
        name: "task",
        payload: `${n}`,
        priority: (n * 7) % 5,
      }));
      const ids = await broker.enqueue(jobs);
      const expected = [4, 3, 2, 1, 0].flatMap((priority) =>
        ids.filter((_, place) => jobs[place]?.priority === priority),
      );

      const handed: string[] = [];
      while (handed.length < ids.length) {
        const claims = await take("worker", 7);
        assert.notEqual(claims.length, 0, `only ${handed.length} of ${ids.length} jobs were handed out`);
        handed.push(...idsOf(claims));
      }

      assert.deepEqual(handed, expected);
    },
  },
  {
    name: "serves many queues in the order of the list, each job once, when each has many",
    async run({ fill, take }) {
      const queues = ["a", "b", "c", "d", "e", "f"];
      const ids: string[] = [];
      for (const queue of queues) ids.push(...(await fill(20, { queue })));

      const handed: string[] = [];
      while (handed.length < ids.length) {
        const claims = await take("worker", 70, queues);
        assert.notEqual(claims.length, 0, `only ${handed.length} of ${ids.length} jobs were handed out`);
        handed.push(...idsOf(claims));
      }

      assert.deepEqual(handed, ids);
    },
  },
  {
    name: "serves the first queue of a list before the second, whatever the priority",
    async run({ fill, take }) {
      const second = await fill(2, { queue: "second", priority: 100 });
      const first = await fill(2, { queue: "first" });

      assert.deepEqual(idsOf(await take("worker", 3, ["first", "second"])), [...first, second[0]]);
    },
  },
  {
    name: "fills one claim from as many queues as it takes",
    async run({ fill, take }) {
      const c = await fill(5, { queue: "c" });
      const a = await fill(2, { queue: "a" });
      const b = await fill(1, { queue: "b" });

      assert.deepEqual(idsOf(await take("worker", 5, ["a", "empty", "b", "c"])), [
        ...a,
        ...b,
        ...c.slice(0, 2),
      ]);
    },
  },
  {
    name: "serves no queue but those that are named",
    async run({ fill, take }) {
      await fill(3, { queue: "other" });
      await fill(3, { queue: "mainly" });
      const ids = await fill(2);

      assert.deepEqual(idsOf(await take("worker", 100)), ids);
      assert.deepEqual(await take("worker", 100), []);
    },
  },
  {
    name: "tells queues apart whose names differ in case alone",
    async run({ fill, take }) {
      const [upper] = await fill(1, { queue: "Mail" });
      const [lower] = await fill(1, { queue: "mail" });

      assert.deepEqual(idsOf(await take("worker", 5, ["mail"])), [lower]);
      assert.deepEqual(idsOf(await take("worker", 5, ["Mail"])), [upper]);
    },
  },
  {
    name: "serves a list of 500 queues in its order, most of them empty",
    async run({ fill, take }) {
      const places = [499, 3, 250, 77];
      const ids = new Map<number, string>();
      for (const place of places) {
        const [id] = await fill(1, { queue: `q${place}` });
        ids.set(place, id ?? "");
      }
      const list = Array.from({ length: 500 }, (_, place) => `q${place}`);

      const expected = [3, 77, 250, 499].map((place) => ids.get(place));
      assert.deepEqual(idsOf(await take("worker", 10, list)), expected);
    },
  },
  {
    name: "hands out each job once when a list names a queue twice",
    async run({ fill, take }) {
      const ids = await fill(3);

      assert.deepEqual(idsOf(await take("worker", 10, [undefined, "other", undefined])), ids);
    },
  },
  {
    name: "hands out nothing from a queue that never had a job",
    async run({ take }) {
      assert.deepEqual(await take("worker", 10, ["never"]), []);
    },
  },
];
