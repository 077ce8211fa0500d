import { guarded } from "../../src/broker/guarded.ts";
import { createMemoryBroker } from "../../src/brokers/memory/open.ts";
import { runConformance } from "./run.ts";

runConformance("memory", {
  async open() {
    let now = Date.UTC(2030, 0, 1);
    const broker = guarded(createMemoryBroker({ now: () => now }));
    return {
      broker,
      elapse(ms) {
        now += ms;
      },
      [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
    };
  },
});
