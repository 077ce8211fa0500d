import { setTimeout as sleep } from "node:timers/promises";
import { defineJob } from "ganger";
import { runInline } from "ganger/testing";

export const reindex = defineJob({
  name: "reindex",
  timeout: "10m",
  async perform({ pages }: { pages: number }, job) {
    for (let page = 1; page <= pages; page++) {
      // Stands for work that can be stopped: sleep, fetch and child processes take a signal.
      await sleep(1, undefined, { signal: job.signal });
      job.progress(page / pages);
      job.log(`page ${page} of ${pages}`);
    }
  },
});

const { state, progress, logs } = await runInline(reindex, { pages: 3 });
console.log(state, progress, logs);
