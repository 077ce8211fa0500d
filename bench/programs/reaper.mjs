import { readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

/**
 * Ends every process that lives in a folder, and removes the folder, once whoever started this is gone, however that
 * ended: `reaper.mjs FOLDER`. A process lives there when the folder is its working directory, or in its arguments or environment.
 */
const [folder = ""] = process.argv.slice(2);
const DEADLINE_MS = 20_000;

// A Ctrl-C in the terminal is for all of its programs; this one has to stay to the end.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) process.on(signal, () => undefined);
process.stdin.resume();
process.stdin.on("end", () => void reap());

async function reap() {
  for (const deadline = Date.now() + DEADLINE_MS; Date.now() < deadline; await wait(50)) {
    const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && livesHere(entry));
    if (pids.length === 0) break;
    for (const pid of pids) end(Number(pid));
  }
  rmSync(folder, { recursive: true, force: true });
}

function livesHere(pid) {
  if (Number(pid) === process.pid) return false;
  try {
    if (/ [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))) return false;
    return [
      readlinkSync(`/proc/${pid}/cwd`),
      readFileSync(`/proc/${pid}/cmdline`, "utf8"),
      readFileSync(`/proc/${pid}/environ`, "utf8"),
    ].some((text) => text.includes(folder));
  } catch {
    return false;
  }
}

function end(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It was quicker.
  }
}
