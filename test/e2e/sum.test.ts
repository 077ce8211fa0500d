import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { measureSum } from "../../bench/sum/sum.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { SERVERS, type ServiceName } from "../support/services.ts";

const isLong = process.env["GANGER_TEST_LONG"] !== undefined;
const DEADLINE_MS = isLong ? 600_000 : 120_000;
/** Where every job has a commit of its own on a server, fewer will do. */
function amountOf(name: string): number {
  if (isLong) return 100_000;
  return name === "postgres" || name === "mysql" ? 1200 : 3000;
}

/** Four workers live at the end, so that of six lifetimes two were over before. */
const LIFETIMES = 6;

interface Place extends AsyncDisposable {
  readonly url: string;
}

/** Stores of the test's own: workers die here, and what they leave open must be in nobody's way. */
const places: Record<string, () => Promise<Place>> = {
  async sqlite() {
    const folder = mkdtempSync(join(tmpdir(), "ganger-sum-"));
    const end = async () => rmSync(folder, { recursive: true, force: true });
    return { url: `sqlite:${join(folder, "sum.db")}`, [Symbol.asyncDispose]: end };
  },
};

for (const name of Object.keys(SERVERS) as ServiceName[]) {
  if (SERVERS[name].binary() !== undefined) places[name] = () => PrivateServer.start(SERVERS[name]);
}

describe.each(Object.entries(places))("the sum of integers on %s, one job each, is exact", (name, open) => {
  const integers = amountOf(name);
  let place: Place;
  beforeAll(async () => {
    place = await open();
  });
  afterAll(() => place[Symbol.asyncDispose]());

  it("while nothing goes wrong", { timeout: DEADLINE_MS }, async () => {
    const sum = await measureSum(`${place.url}?prefix=calm`, { integers, deadlineMs: DEADLINE_MS });

    expect(sum.reruns).toBe(0);
  });

  it("while one worker after the other is killed in the middle of a job", {
    timeout: DEADLINE_MS,
  }, async () => {
    const { kills, reruns } = await measureSum(`${place.url}?prefix=killed`, {
      integers,
      killEvery: { runs: integers / LIFETIMES },
      deadlineMs: DEADLINE_MS,
    });

    expect(kills).toBeGreaterThanOrEqual(2);
    expect(reruns).toBeGreaterThanOrEqual(kills);
  });
});
