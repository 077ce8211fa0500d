import { connect, defineJob } from "ganger";
import { z } from "zod";

export const thumbnail = defineJob({
  name: "thumbnail",
  queue: "images",
  input: z.object({ file: z.string(), width: z.number().int().positive() }),
  attempts: 5,
  backoff: { type: "exponential", delay: "2s", max: "10m", jitter: 0.2 },
  timeout: "2m",
  grace: "10s",
  maxCrashes: 2,
  retention: { completed: "1h", failed: "7d" },
  perform({ file, width }) {
    return { file: `${file}-${width}.webp` };
  },
});

const client = await connect("memory:");
await client.enqueue(thumbnail, { file: "a.jpg", width: 200 });
await client
  .enqueue(thumbnail, { file: "b.jpg", width: -1 })
  .catch((error: Error) => console.log(error.message));
await client[Symbol.asyncDispose]();
