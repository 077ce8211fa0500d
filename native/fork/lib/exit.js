import { writeSync } from "node:fs";
import { inspect } from "node:util";
import { addon } from "./binding.js";

/** What the process is going to say of itself: the same choice that Node makes. */
const currentCode = (fallback = 0) => Number(process.exitCode ?? fallback);

const threwWhileHandling = 7;

function dieOf(error, code) {
  const text = error instanceof Error ? inspect(error) : `Uncaught:\n${inspect(error)}`;
  try {
    writeSync(2, `${text}\n\nNode.js ${process.version}\n`);
  } finally {
    addon().exitNow(code);
  }
}

const guarded =
  (callback) =>
  (...args) => {
    try {
      callback(...args);
    } catch (error) {
      dieOf(error, threwWhileHandling);
    }
  };

/**
 * Node's ways out join threads that a forked child does not have. All of them pass by here first: process.exit() by
 * `reallyExit`, an empty event loop by the clean-up hook, an uncaught error by the events around it.
 */
export function leaveByUnderscoreExit() {
  const native = addon();
  native.exitBeforeTeardown(0);
  process.reallyExit = (code) => native.exitNow(Number(code ?? 0));

  let uncaught;
  const emit = process.emit.bind(process);

  function handle(args) {
    const noted = uncaught;
    // Somebody may listen for it: then it is not the end, or one of the listener's own making.
    uncaught = undefined;
    try {
      const isHandled = emit("uncaughtException", ...args);
      if (!isHandled) uncaught = noted;
      return isHandled;
    } catch (error) {
      return dieOf(error, threwWhileHandling);
    }
  }

  function leave(args) {
    try {
      const isHeard = emit("exit", ...args);
      if (uncaught !== undefined) dieOf(uncaught.error, currentCode(args[0]));
      native.exitBeforeTeardown(currentCode(args[0]));
      return isHeard;
    } catch (error) {
      return uncaught === undefined
        ? dieOf(error, currentCode(1))
        : dieOf(uncaught.error, currentCode(args[0]));
    }
  }

  const setCapture = process.setUncaughtExceptionCaptureCallback.bind(process);
  process.setUncaughtExceptionCaptureCallback = (callback) =>
    setCapture(typeof callback === "function" ? guarded(callback) : callback);

  process.emit = (event, ...args) => {
    if (event === "uncaughtException") return handle(args);
    if (event === "exit") return leave(args);
    if (event === "uncaughtExceptionMonitor" && !process.hasUncaughtExceptionCaptureCallback()) {
      uncaught = { error: args[0] };
    }
    return emit(event, ...args);
  };
}

/** Ends a forked child: "exit" listeners, then `_exit`. Its output is written already. */
export function exit(code) {
  process.exit(code ?? process.exitCode ?? 0);
}
