import { setTimeout as delay } from "node:timers/promises";
import { defineJob } from "ganger";

/** Computes something, and harms nobody. */
export const sum = defineJob({
  name: "sum",
  perform({ upTo }: { upTo: number }) {
    let total = 0;
    for (let n = 1; n <= upTo; n++) total += n;
    return total;
  },
});

/** Ends its process as a fault in a native library would. */
export const crash = defineJob({
  name: "crash",
  maxCrashes: 2,
  async perform() {
    console.error("reading a picture that is none");
    await delay(10);
    process.kill(process.pid, "SIGSEGV");
    await delay(60_000);
  },
});

/** Holds on to everything it ever had. */
export const leak = defineJob({
  name: "leak",
  maxCrashes: 1,
  async perform() {
    const kept: Buffer[] = [];
    for (;;) {
      kept.push(Buffer.alloc(32 * 1024 ** 2, 1));
      console.log(`${kept.length * 32} MB`);
      await delay(1);
    }
  },
});
