import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { addon } from "./binding.js";
import { ForkError } from "./errors.js";

// Of a pool there is always one thread; 0 would mean as many as there are processors.
const flags = ["--single-threaded", "--v8-pool-size=1"];

/**
 * V8's memory reducer sets a timer after a collection, which is due for ever in a server that runs no event loop: each of its
 * children would begin with a collection of the whole heap, and copy the pages that this marks.
 */
const noMemoryReducer = "--no-memory-reducer";

/** The arguments for the node that is to serve. `titleLength` is the most that `process.title` can say in a child. */
export const serverFlags = ({ titleLength = 0 } = {}) => [
  ...flags,
  noMemoryReducer,
  ...(titleLength > 0 ? [`--title=${"ganger-fork".padEnd(titleLength, " ")}`] : []),
];

const given = () =>
  [...process.execArgv, ...(process.env.NODE_OPTIONS ?? "").split(/\s+/)].map((flag) =>
    flag.replaceAll("_", "-"),
  );

function checkFlags() {
  const has = given();
  const missing = flags.filter((flag) => !has.includes(flag) && !has.includes(flag.replace("=1", "=0")));
  if (missing.length === 0) return;
  throw new ForkError(
    "GANGER_FORK_FLAGS_MISSING",
    `A process that forks must run as \`node ${flags.join(" ")}\`; missing: ${missing.join(", ")}. ` +
      "V8's helper threads would be lost in the fork and its memory incomplete.",
    { missing },
  );
}

/** Handles that a forked child can go on with: libuv's bookkeeping, and listeners for signals. */
const harmless = new Set(["async", "check", "idle", "prepare", "timer", "loop", "signal"]);

function describeHandle({ type, fd, pid, filename, localEndpoint, remoteEndpoint, is_active: active }) {
  const socket = [localEndpoint, remoteEndpoint].map(endpoint).filter(Boolean).join(" to ");
  const detail = filename ?? (pid === undefined ? socket : `pid ${pid}`);
  return { kind: type, detail: detail || (fd === undefined ? "" : `descriptor ${fd}`), active };
}

const endpoint = (end) =>
  typeof end === "object" && end !== null ? `${end.ip4 ?? end.ip6 ?? end.host}:${end.port}` : end;

/** A standard stream that leads to a terminal has another descriptor: libuv opens the terminal anew. */
const isTerminal = ({ type, is_active: active }) => type === "tty" && !active;

function openHandles(report) {
  const found = [];
  for (const handle of report.libuv) {
    if (harmless.has(handle.type)) continue;
    const standard = (handle.fd !== undefined && handle.fd >= 0 && handle.fd <= 2) || isTerminal(handle);
    if (standard && !handle.is_active && !handle.writeQueueSize) continue;
    found.push(describeHandle(handle));
  }
  for (const worker of report.workers ?? []) {
    found.push({ kind: "worker thread", detail: `thread ${worker.header?.threadId ?? ""}` });
  }
  return found;
}

/** Without looking up the names of peers, which could take seconds. */
function quickReport() {
  const before = process.report.excludeNetwork;
  process.report.excludeNetwork = true;
  try {
    return process.report.getReport();
  } finally {
    process.report.excludeNetwork = before;
  }
}

/** Requests under way and referenced timers. Handles are left to the report, which also knows unreferenced ones. */
function openRequests() {
  const handles = /(?:Wrap|Handle|MessagePort|Worker|Server)$/;
  const requests = /Req|ReqWrap$/;
  return process
    .getActiveResourcesInfo()
    .filter((name) => requests.test(name) || !handles.test(name))
    .map((name) => ({ kind: name, detail: "" }));
}

const internalLinks = new Set([
  "anon_inode:[eventpoll]",
  "anon_inode:[eventfd]",
  "anon_inode:[io_uring]",
  "/dev/null",
]);

function descriptors() {
  const found = new Map();
  for (const name of readdirSync("/proc/self/fd")) {
    const fd = Number(name);
    if (fd <= 2) continue;
    try {
      found.set(fd, readlinkSync(`/proc/self/fd/${name}`));
    } catch {
      // The one the directory was read with.
    }
  }
  return found;
}

/** Open on exec means that it came from whoever started this process: a child does not get it, and nobody here has it. */
function isInherited(fd) {
  const octal = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] ?? "0";
  return (Number.parseInt(octal, 8) & 0o2000000) === 0;
}

function openDescriptors(except) {
  const all = descriptors();
  const ends = (link) => [...all.values()].filter((other) => other === link).length;
  const found = [];
  for (const [fd, link] of all) {
    // libuv holds both ends of its pipes; one end alone leads to somebody else.
    const internal = internalLinks.has(link) || (link.startsWith("pipe:") && ends(link) === 2);
    if (internal || except.includes(fd) || isInherited(fd)) continue;
    found.push({ kind: link.startsWith("/") ? "file" : "descriptor", detail: `${link} (descriptor ${fd})` });
  }
  return found;
}

/** This thread and the inspector's. The one for delayed tasks is counted among V8's; some versions from 22 on leave it out. */
const nodeThreads = 2;
const uncounted = Number.parseInt(process.versions.node, 10) < 22 ? 0 : 1;

const readThreads = () =>
  readdirSync("/proc/self/task").map((id) => readFileSync(`/proc/self/task/${id}/stat`, "utf8"));

function openThreads() {
  const pool = Math.min(Math.max(Number(process.env.UV_THREADPOOL_SIZE ?? 4) || 1, 1), 1024);
  const least = nodeThreads + addon().platformThreads();
  const names = readThreads().map((stat) => stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")));
  // libuv starts all threads of its pool or none, and a fork starts them anew.
  const beyondPool = names.length - least - pool;
  if (names.length <= least + uncounted || (beyondPool >= 0 && beyondPool <= uncounted)) return [];
  const expected = `expected ${least} or ${least + pool}`;
  return [{ kind: "thread", detail: `${names.length} threads, ${expected}: ${names.join(", ")}` }];
}

const isBusy = (stat) => !stat.slice(stat.lastIndexOf(")") + 2).startsWith("S");

/**
 * Gives V8's helpers the time to take what the last garbage collection handed them. A task that is half done at a fork is
 * half done in the child for good.
 */
export function waitForThreads() {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (let quietTurns = 0, turns = 0; quietTurns < 3 && turns < 500; turns += 1) {
    Atomics.wait(cell, 0, 0, 2);
    // Only this thread runs, the one that looks.
    quietTurns = readThreads().filter(isBusy).length <= 1 ? quietTurns + 1 : 0;
  }
}

/** All that is open and must not be at a fork. */
export function whatIsOpen({ parentFd = -1, readyFd = -1, keep = [] } = {}) {
  const report = quickReport();
  const terminals = report.libuv.filter(isTerminal).map(({ fd }) => fd);
  const open = [...openRequests(), ...openDescriptors([parentFd, readyFd, ...keep, ...terminals])];
  if (process.channel !== undefined && process.channel !== null) {
    open.push({ kind: "IPC channel", detail: "to the parent process: call process.disconnect()" });
  }
  if (process.env.UV_USE_IO_URING === "1") open.push({ kind: "io_uring", detail: "unset UV_USE_IO_URING" });
  const handles = openHandles(report);
  const threads = openThreads();
  // Workers are named once, as such.
  if (threads.length > 0 && !handles.some(({ kind }) => kind === "worker thread")) open.push(...threads);
  return [...open, ...handles];
}

export function notQuiet(open) {
  const list = open.map(({ kind, detail }) => (detail ? `${kind} ${detail}` : kind)).join("\n  ");
  return new ForkError(
    "GANGER_FORK_NOT_QUIET",
    `Something is open that a fork would share or lose:\n  ${list}\n` +
      "Close it in a `beforeFork` hook, and open it again in `afterFork`, in the child.",
    { open },
  );
}

export function checkBeforeServing(options) {
  checkFlags();
  const open = whatIsOpen(options);
  if (open.length > 0) throw notQuiet(open);
}

/** Waits until what is only on its way out (a file being closed) is gone. */
export async function quiet({ timeoutMs = 1_000, ...options } = {}) {
  checkFlags();
  const until = performance.now() + timeoutMs;
  for (;;) {
    // Not inside a timer's own callback: it would be seen.
    await delay(1);
    const open = whatIsOpen(options);
    if (open.length === 0) return;
    if (performance.now() > until) throw notQuiet(open);
  }
}
