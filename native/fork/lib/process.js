import { addon } from "./binding.js";
import { errnoName, ForkError } from "./errors.js";

function called(what, call) {
  try {
    return call();
  } catch (error) {
    if (error.errno === undefined) throw error;
    const name = errnoName(error.errno);
    throw new ForkError("GANGER_FORK_CALL_FAILED", `${what}: ${name}`, {
      errno: error.errno,
      syscallCode: name,
      cause: error,
    });
  }
}

export function reap(pid) {
  if (!Number.isInteger(pid) || pid <= 0)
    throw new TypeError(`reap: a pid is a positive integer, and not ${String(pid)}`);
  return called(`reap ${pid}`, () => addon().reap(pid));
}

export const notify = (socketPath, text) =>
  called(`notify ${socketPath}`, () => addon().notify(String(socketPath), String(text)));

export const setSubreaper = (on = true) => called("setSubreaper", () => addon().setSubreaper(on));
