import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { defineJob } from "ganger";
import { work } from "../fork/heavy-app.mjs";

const APPLICATION = fileURLToPath(new URL("../fork/heavy-app.mjs", import.meta.url));
const PROGRAM = fileURLToPath(new URL("../fork/process.mjs", import.meta.url));

/** One job of the heavy application, wherever it runs. */
export const think = defineJob({ name: "think", queue: "work", perform: ({ n }) => work(n) });

/** The same in a process of its own, as one writes it by hand. */
export const thinkAnew = defineJob({
  name: "think-anew",
  queue: "work",
  isolation: "inline",
  async perform() {
    const child = fork(PROGRAM, [APPLICATION]);
    child.on("message", ({ type }) => {
      if (type === "began") child.send({ jobs: 1 });
      else child.disconnect();
    });
    const [code] = await once(child, "exit");
    if (code !== 0) throw new Error(`The process ended with ${code}`);
  },
});
