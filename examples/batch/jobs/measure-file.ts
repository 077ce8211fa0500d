import { defineJob } from "ganger";
import { type Measurement, measure } from "../measure.ts";

/** One job per file. What it returns is kept with the completed job, and read back at the end. */
export const measureFile = defineJob({
  name: "measure-file",
  queue: "files",
  attempts: 3,
  timeout: "10m",
  retention: { completed: "1d" },
  async perform({ path }: { path: string }, job): Promise<Measurement> {
    return measure(path, (bytes) => {
      job.signal.throwIfAborted();
      if (bytes > LARGE) job.log(`${bytes} bytes so far`);
    });
  },
});

const LARGE = 64 * 1024 * 1024;
