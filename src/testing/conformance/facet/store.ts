import assert from "node:assert/strict";
import { type DocumentStore, MAX_DOCUMENT_BYTES } from "../../../broker/store.ts";
import type { ConformanceCase } from "../case.ts";

/** Adds one to a counter, as often as it takes until nobody came between. */
async function increment(store: DocumentStore, key: string): Promise<void> {
  for (;;) {
    const { value = "0", version = 0 } = (await store.get(key)) ?? {};
    if ((await store.set(key, String(Number(value) + 1), version)) !== false) return;
  }
}

/** Documents with versions. */
export const storeCases: readonly ConformanceCase[] = [
  {
    name: "has no document that nobody wrote",
    needs: ["store"],
    async run({ store, prefix }) {
      assert.equal(await store.get(`${prefix}/a`), undefined);
      assert.equal(await store.delete(`${prefix}/a`), false);
      assert.deepEqual(await store.list(prefix), []);
    },
  },
  {
    name: "creates a document once",
    needs: ["store"],
    async run({ store, prefix }) {
      const key = `${prefix}/a`;
      const version = await store.set(key, "1", 0);

      assert.ok(version !== false && version > 0, `${version} is no version`);
      assert.deepEqual(await store.get(key), { key, value: "1", version });
      assert.equal(await store.set(key, "2", 0), false);
      assert.deepEqual(await store.get(key), { key, value: "1", version });
    },
  },
  {
    name: "writes a document only over the version that is expected",
    needs: ["store"],
    async run({ store, prefix }) {
      const key = `${prefix}/a`;
      const first = await store.set(key, "1");
      assert.ok(first !== false);
      const second = await store.set(key, "2", first);
      assert.ok(second !== false && second > first, `${second} follows ${first}`);

      assert.equal(await store.set(key, "3", first), false);
      assert.equal(await store.set(key, "3", second + 1), false);
      assert.deepEqual(await store.get(key), { key, value: "2", version: second });
    },
  },
  {
    name: "writes no document that is expected and is not there",
    needs: ["store"],
    async run({ store, prefix }) {
      assert.equal(await store.set(`${prefix}/a`, "1", 1), false);
      assert.equal(await store.get(`${prefix}/a`), undefined);
    },
  },
  {
    name: "writes over any version when none is expected",
    needs: ["store"],
    async run({ store, prefix }) {
      const key = `${prefix}/a`;
      let last = 0;
      for (const value of ["1", "2", "2"]) {
        const version = await store.set(key, value);
        assert.ok(version !== false && version > last, `${version} follows ${last}`);
        assert.equal((await store.get(key))?.value, value);
        last = version;
      }
    },
  },
  {
    name: "deletes a document only at the version that is expected",
    needs: ["store"],
    async run({ store, prefix }) {
      const key = `${prefix}/a`;
      const version = await store.set(key, "1");
      assert.ok(version !== false);

      assert.equal(await store.delete(key, version + 1), false);
      assert.equal((await store.get(key))?.value, "1");
      assert.equal(await store.delete(key, version), true);
      assert.equal(await store.get(key), undefined);
      assert.equal(await store.delete(key), false);
    },
  },
  {
    name: "gives a document that is made anew a version that it never had",
    needs: ["store"],
    async run({ store, prefix }) {
      const key = `${prefix}/a`;
      const old = await store.set(key, "1", 0);
      assert.ok(old !== false);
      await store.delete(key);
      const fresh = await store.set(key, "2", 0);

      assert.ok(fresh !== false && fresh > old, `${fresh} follows ${old}`);
      assert.equal(await store.set(key, "3", old), false);
      assert.equal(await store.delete(key, old), false);
    },
  },
  {
    name: "lists documents by the start of their keys, in byte order",
    needs: ["store"],
    async run({ store, prefix }) {
      const keys = ["b", "B", "a", "a/1", "a/10", "a/2", "a_1", "aa", "a%", "a*", "a["].map(
        (key) => `${prefix}/${key}`,
      );
      for (const key of keys) await store.set(key, JSON.stringify(key));
      const list = async (start: string) => (await store.list(`${prefix}/${start}`)).map(({ key }) => key);

      assert.deepEqual(await list(""), keys.toSorted());
      assert.deepEqual(
        await list("a/"),
        ["a/1", "a/10", "a/2"].map((key) => `${prefix}/${key}`),
      );
      for (const sign of ["a_", "a%", "a*", "a["]) {
        assert.equal((await list(sign)).length, 1, `${sign} is no pattern`);
      }
      assert.deepEqual(await list("c"), []);
      assert.equal((await store.list(`${prefix}/b`))[0]?.value, JSON.stringify(`${prefix}/b`));
    },
  },
  {
    name: "lets exactly one of many create a document",
    needs: ["store"],
    async run({ store, prefix }) {
      const key = `${prefix}/a`;
      const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => store.set(key, `${n}`, 0)));

      const winners = answers.flatMap((version, n) => (version === false ? [] : [{ n, version }]));
      assert.equal(winners.length, 1);
      assert.deepEqual(await store.get(key), {
        key,
        value: `${winners[0]?.n}`,
        version: winners[0]?.version,
      });
    },
  },
  {
    name: "loses no update of many at once",
    needs: ["store"],
    async run({ store, prefix }) {
      const key = `${prefix}/counter`;
      const writers = Array.from({ length: 10 }, async () => {
        for (let round = 0; round < 10; round += 1) await increment(store, key);
      });
      await Promise.all(writers);

      assert.equal((await store.get(key))?.value, "100");
    },
  },
  {
    name: "loses no update of two connections",
    needs: ["store"],
    requires: "reopen",
    async run({ store, prefix, reopen }) {
      const key = `${prefix}/counter`;
      const other = (await reopen()).store;
      assert.ok(other);
      const writers = [store, other, store, other].map(async (each) => {
        for (let round = 0; round < 25; round += 1) await increment(each, key);
      });
      await Promise.all(writers);

      assert.equal((await store.get(key))?.value, "100");
      assert.deepEqual(await other.get(key), await store.get(key));
    },
  },
  {
    name: "keeps a document of 1 MiB and refuses a larger one",
    needs: ["store"],
    async run({ store, prefix }) {
      const key = `${prefix}/large`;
      const value = JSON.stringify("x".repeat(MAX_DOCUMENT_BYTES - 2));
      await store.set(key, value);

      assert.ok((await store.get(key))?.value === value);
      await assert.rejects(async () => store.set(key, JSON.stringify("x".repeat(MAX_DOCUMENT_BYTES - 1))));
      await assert.rejects(async () => store.set(key, JSON.stringify("é".repeat(MAX_DOCUMENT_BYTES / 2))));
      assert.ok((await store.get(key))?.value === value);
    },
  },
];
