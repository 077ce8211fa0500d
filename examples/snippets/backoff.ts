import assert from "node:assert/strict";
import { defineJob } from "ganger";
import { runInline } from "ganger/testing";

const fetchRate = defineJob({
  name: "fetch-rate",
  attempts: 4,
  backoff: (attempts, error) => (error.code === "ECONNREFUSED" ? "1m" : attempts * 1000),
  perform() {
    throw Object.assign(new Error("nobody listens"), { code: "ECONNREFUSED" });
  },
});

const { state, delayMs } = await runInline(fetchRate, undefined);
assert.deepEqual({ state, delayMs }, { state: "retry", delayMs: 60_000 });
