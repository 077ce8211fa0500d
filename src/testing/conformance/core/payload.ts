import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";

/** Texts that are easily damaged on their way. Escapes stay escapes: no broker looks inside. */
const HARD_TEXTS = [
  "plain",
  "naïve Ωmega 中文 ひらがな",
  "🦊👩‍👩‍👧‍👦🏴󠁧󠁢󠁳󠁣󠁴󠁿",
  "مرحبا שלום \u202eabc",
  "line\u2028separator\u2029paragraph",
  "back\\u0000slash \\ud800 lone",
  "quotes \" ' ` and \\ and % _ ; -- $1 ? :name",
  "\ttab\r\nnewline\u0001\u001f\u007f\u0085",
  "e\u0301 is not é",
  "\ufeffbyte order mark\ufffe",
];

/** JSON texts that a parser would not give back as they are. */
const OPAQUE_TEXTS = [
  '{"big":12345678901234567890,"one":1.0,"exp":1e400,"minus":-0}',
  '{"b":1,"a":2,"10":3,"9":4,"b":5}',
  ' { "spaced" : [ 1 , 2 ] } ',
  '{"\\u0061":"\\u0000\\ud800\\/"}',
  "null",
  '""',
  "0",
  "[]",
  "{}",
  '"1"',
];

const json = (text: string) => JSON.stringify({ [text]: [text] });

/** Texts come back as they went in, byte for byte. */
export const payloadCases: readonly ConformanceCase[] = [
  {
    name: "keeps the text of a payload byte for byte",
    async run({ broker, queue, take }) {
      const payloads = [...OPAQUE_TEXTS, ...HARD_TEXTS.map(json)];
      await broker.enqueue(payloads.map((payload) => ({ queue: queue(), name: "task", payload })));

      const claims = await take("worker", 100);
      assert.deepEqual(
        claims.map(({ payload }) => payload),
        payloads,
      );
    },
  },
  {
    name: "keeps payload, options and result as they are for people to look at",
    needs: ["inspect"],
    async run({ start, settle, inspect }) {
      for (const text of [...OPAQUE_TEXTS, ...HARD_TEXTS.map(json)]) {
        const claim = await start({ payload: text, options: text });
        assert.equal(claim.options, text);
        await settle(claim, { kind: "completed", result: text });

        const { payload, options, result } = (await inspect.find(claim.id)) ?? {};
        assert.deepEqual({ payload, options, result }, { payload: text, options: text, result: text });
      }
    },
  },
  {
    name: "keeps a payload that a job advances with byte for byte",
    async run({ start, settle, take, queue }) {
      for (const text of [...OPAQUE_TEXTS, ...HARD_TEXTS.map(json)]) {
        await settle(await start(), { kind: "advanced", queue: queue("next"), payload: text });
        const [claim] = await take("worker", 1, ["next"]);
        assert.equal(claim?.payload, text);
      }
    },
  },
  {
    name: "keeps a payload of 1 MiB",
    async run({ start }) {
      const payload = JSON.stringify("x".repeat(1_048_576 - 2));

      assert.ok((await start({ payload })).payload === payload);
    },
  },
  {
    name: "keeps 1 MiB of characters that take several bytes each, with a result as large",
    needs: ["inspect"],
    async run({ start, settle, inspect }) {
      const text = JSON.stringify("é🦊中".repeat(116_508));
      const claim = await start({ payload: text });
      assert.ok(claim.payload === text);
      await settle(claim, { kind: "completed", result: text });

      assert.ok((await inspect.find(claim.id))?.result === text);
    },
  },
  {
    name: "takes a batch of large payloads",
    async run({ fill, take }) {
      const payload = JSON.stringify("y".repeat(200_000));
      await fill(40, { payload });

      const claims = await take("worker", 40);
      assert.equal(claims.length, 40);
      assert.ok(claims.every((claim) => claim.payload === payload));
    },
  },
  {
    name: "keeps tags as they are, in their order, and finds jobs by them",
    needs: ["inspect"],
    async run({ fill, inspect, queue }) {
      const [id = ""] = await fill(1, { tags: HARD_TEXTS });
      await fill(1, { tags: ["other"] });

      assert.deepEqual((await inspect.find(id))?.tags, HARD_TEXTS);
      for (const tag of HARD_TEXTS) {
        const found = await inspect.list({ queue: queue(), tag, limit: 5 });
        assert.deepEqual(
          found.map((job) => job.id),
          [id],
          `not found by ${JSON.stringify(tag)}`,
        );
      }
      assert.deepEqual(await inspect.list({ queue: queue(), tag: "%", limit: 5 }), []);
    },
  },
  {
    name: "keeps a job whose tags are no whole text, and its neighbours",
    async run({ broker, queue, take }) {
      const jobs = [[], ["a\u0000b"], ["\ud800", "b"]].map((tags) => ({
        queue: queue(),
        name: "task",
        payload: "1",
        tags,
      }));
      await broker.enqueue(jobs);

      assert.equal((await take("worker", 10)).length, 3);
    },
  },
  {
    name: "keeps log lines as they are",
    needs: ["edit", "inspect"],
    async run({ start, edit, inspect }) {
      const { id, token } = await start();
      await edit.annotate([{ id, token, log: HARD_TEXTS }]);

      assert.deepEqual(
        (await inspect.find(id))?.logs.map(({ line }) => line),
        HARD_TEXTS,
      );
    },
  },
  {
    name: "keeps errors as they are",
    needs: ["inspect"],
    async run({ start, settle, inspect }) {
      for (const text of HARD_TEXTS) {
        const claim = await start();
        const error = { name: text, message: text, code: text, stack: text };
        await settle(claim, { kind: "failed", error });

        assert.deepEqual({ ...(await inspect.find(claim.id))?.error }, error);
      }
    },
  },
  {
    name: "keeps documents as they are, and keys of any text",
    needs: ["store"],
    async run({ store, prefix }) {
      const values = [...OPAQUE_TEXTS, ...HARD_TEXTS.map(json)];
      for (const [place, value] of values.entries()) await store.set(`${prefix}/${place}`, value);
      for (const text of HARD_TEXTS) await store.set(`${prefix}/${text}`, json(text));

      for (const [place, value] of values.entries()) {
        assert.equal((await store.get(`${prefix}/${place}`))?.value, value);
      }
      for (const text of HARD_TEXTS) {
        assert.equal((await store.get(`${prefix}/${text}`))?.value, json(text));
      }
    },
  },
  {
    name: "keeps the text of what ended a holder",
    needs: ["inspect"],
    async run({ start, release, inspect }) {
      for (const [place, detail] of HARD_TEXTS.entries()) {
        const holder = `dying-${place}`;
        const { id } = await start({ queue: `q${place}` }, holder);
        await release(holder, { kind: "crashed", detail });

        assert.equal((await inspect.find(id))?.history[0]?.detail, detail);
      }
    },
  },
];
