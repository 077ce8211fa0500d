import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { type BenchOptions, withBench } from "../../src/testing/conformance/bench.ts";
import { conformanceCases } from "../../src/testing/conformance/cases.ts";
import { reasonToSkip } from "../../src/testing/conformance/run.ts";

/** What cases start as processes. The package is built before the tests run; see scripts/setup.mjs. */
const CLAIMER = join(import.meta.dirname, "../../dist/testing/conformance/claimer.js");

export interface Place extends AsyncDisposable, Pick<BenchOptions, "elapse" | "reopen" | "begin"> {
  readonly broker: Broker;
}

export interface Harness {
  /** Opens a broker on an empty store of its own. */
  readonly open: () => Promise<Place>;
  /** Case name to the reason this broker may not pass it: a sentence, not "todo". */
  readonly exceptions?: Readonly<Record<string, string>>;
  /** Why nothing can run here, such as a service that is not started. */
  readonly unavailable?: string | undefined;
}

/** Runs every conformance case against one broker, each on a store of its own. */
export function runConformance(name: string, { open, exceptions = {}, unavailable }: Harness): void {
  describe.skipIf(unavailable !== undefined)(`conformance: ${name}`, () => {
    for (const each of conformanceCases) {
      it(each.name, async (context) => {
        context.skip(each.name in exceptions, exceptions[each.name]);
        await using place = await open();
        const { broker, elapse, reopen, begin } = place;
        const claimer = existsSync(CLAIMER) ? CLAIMER : undefined;
        const options: BenchOptions = { broker, elapse, reopen, begin, isPrivate: true, claimer };
        const reason = reasonToSkip(each, options);
        context.skip(reason !== undefined, reason);

        await withBench(options, each.run);
      });
    }

    it("has an exception for no case that is not there", () => {
      const names = new Set(conformanceCases.map((each) => each.name));
      expect(Object.keys(exceptions).filter((title) => !names.has(title))).toEqual([]);
    });
  });
}
