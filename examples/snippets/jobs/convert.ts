import { defineJob } from "ganger";

/** Stands for a native library that may crash, leak or never come back. */
export const convert = defineJob({
  name: "convert",
  queue: "images",
  isolation: { type: "process", memory: "512MB" },
  timeout: "2m",
  grace: "5s",
  maxCrashes: 2,
  perform({ file }: { file: string }) {
    console.log(`converting ${file}`);
    return { file: file.replace(/\.\w+$/, ".webp"), pid: process.pid };
  },
});
