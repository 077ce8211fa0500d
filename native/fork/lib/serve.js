import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread } from "node:worker_threads";
import { forkingAddon } from "./binding.js";
import { refreshEntropy } from "./entropy.js";
import { errnoName, ForkError } from "./errors.js";
import { leaveByUnderscoreExit } from "./exit.js";
import { checkBeforeServing, waitForThreads } from "./guard.js";
import { prepareOutput } from "./output.js";
import { decodeRest } from "./wire.js";

const defaultMaxRequestBytes = 1024 * 1024;

function toNumber(name, value, [low, high]) {
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw new TypeError(`serve: ${name} must be an integer from ${low} to ${high}, and is ${String(value)}`);
}

const descriptors = [-1, 2 ** 20];

function toNative({ maxRequestBytes = defaultMaxRequestBytes, parentFd = -1, readyFd = -1, keep = [] }) {
  return {
    maxRequestBytes: toNumber("maxRequestBytes", maxRequestBytes, [64, 2 ** 30]),
    parentFd: toNumber("parentFd", parentFd, descriptors),
    readyFd: toNumber("readyFd", readyFd, descriptors),
    keep: keep.map((fd) => toNumber("keep", fd, [0, 2 ** 20])),
  };
}

/** By V8's own call for low memory, which shrinks its space for new objects, too; else twice: what only weak references held goes with the second. */
function collectGarbage(native) {
  if (native.collectAllGarbage()) return;
  const isExposed = globalThis.gc !== undefined;
  if (!isExposed) setFlagsFromString("--expose-gc");
  const gc = globalThis.gc ?? runInNewContext("gc");
  // The contexts and threads of the children need not have it.
  if (!isExposed) setFlagsFromString("--no-expose-gc");
  gc();
  gc();
}

function becomeTrue(native) {
  Object.defineProperty(process, "pid", {
    value: native.pid(),
    enumerable: true,
    configurable: true,
    writable: false,
  });
  Object.defineProperty(process, "ppid", {
    get: () => native.parentPid(),
    enumerable: true,
    configurable: true,
  });
  refreshEntropy();
  leaveByUnderscoreExit();
}

function apply({ env = [], title, replaced }) {
  // The server may have asked for the working directory, and Node keeps the answer.
  process.chdir(".");
  for (const [name, value] of env) {
    if (value === null) delete process.env[name];
    else process.env[name] = value;
  }
  if (title !== undefined) process.title = title;
  prepareOutput(replaced);
}

function check(socketPath) {
  if (typeof socketPath !== "string" || !socketPath.startsWith("/")) {
    throw new TypeError(`serve: the socket's path must be absolute, and is ${String(socketPath)}`);
  }
  if (!isMainThread) throw new TypeError("serve: only the main thread of a process can serve");
}

export function serve(socketPath, options = {}) {
  check(socketPath);
  const native = forkingAddon();
  const settings = toNative(options);
  checkBeforeServing(settings);
  if (options.collectGarbage ?? true) collectGarbage(native);
  waitForThreads();
  let born;
  try {
    born = native.serve(socketPath, settings);
  } catch (error) {
    const code = error.errno === undefined ? "" : `${errnoName(error.errno)}: `;
    throw new ForkError(
      "GANGER_FORK_CANNOT_SERVE",
      `Cannot serve at ${socketPath}: ${code}${error.message}`,
      { cause: error },
    );
  }
  becomeTrue(native);
  const { settings: own, request } = decodeRest(born.request);
  apply(own);
  return { request, sockets: born.sockets };
}
