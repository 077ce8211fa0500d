import { connect as connectSocket } from "node:net";
import { constants } from "node:os";
import { errnoName, ForkError } from "./errors.js";
import { encodeFork, encodeFrame, encodeKill, takeFrames } from "./wire.js";

/** Of two names of one number (SIGABRT and SIGIOT) the first is the usual one. */
const signalNames = new Map(
  Object.entries(constants.signals)
    .map(([name, number]) => [number, name])
    .toReversed(),
);

const gone = (cause) =>
  new ForkError("GANGER_FORK_SERVER_GONE", "The connection to the fork server is closed", { cause });

/** A connection to a fork server. Its children's ends are told to it and to nobody else. */
export class ForkClient {
  #socket;
  #left = Buffer.alloc(0);
  #nextId = 1;
  #forks = new Map();
  #questions = new Map();
  #closed = withResolvers();

  static async connect(socketPath) {
    const socket = connectSocket(socketPath);
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new ForkClient(socket);
  }

  constructor(socket) {
    this.#socket = socket;
    socket.removeAllListeners("error");
    socket.on("data", (bytes) => this.#take(bytes));
    // An error is always followed by "close".
    socket.on("error", () => {});
    socket.on("close", () => this.#end());
  }

  /** Settles when the connection is closed, by either side. */
  get closed() {
    return this.#closed.promise;
  }

  async fork(request = Buffer.alloc(0), options = {}) {
    const bytes = encodeFork(request, options);
    const started = withResolvers();
    const exited = withResolvers();
    this.#ask((id) => {
      this.#forks.set(id, { started, exited });
      return encodeFrame("F", id, bytes);
    }, started);
    return started.promise;
  }

  async kill(pid, signal = "SIGTERM", { group } = {}) {
    if (!Number.isInteger(pid) || pid <= 0)
      throw new TypeError(`A pid is a positive integer, and not ${String(pid)}`);
    const id = this.#takeId();
    const bytes = encodeKill(id, { pid, signal, group });
    if (!this.#isOpen()) throw gone();
    return this.#kill(id, bytes);
  }

  /** Ends nothing by itself: refuses new forks, and the server goes after its last child. */
  async shutdown() {
    const asked = withResolvers();
    this.#ask((id) => {
      this.#questions.set(id, asked);
      return encodeFrame("S", id);
    }, asked);
    await asked.promise;
  }

  close() {
    this.#socket.end();
  }

  ref() {
    this.#socket.ref();
  }

  unref() {
    this.#socket.unref();
  }

  #isOpen() {
    return !this.#socket.destroyed && !this.#socket.writableEnded;
  }

  #takeId() {
    const id = this.#nextId;
    this.#nextId = id === 0xffffffff ? 1 : id + 1;
    return id;
  }

  #ask(toBytes, answer) {
    if (this.#isOpen()) this.#socket.write(toBytes(this.#takeId()));
    else answer.reject(gone());
  }

  #kill(id, bytes) {
    const answer = withResolvers();
    // Answers come in the order of the questions; several for one child queue up.
    const waiting = this.#questions.get(id) ?? [];
    this.#questions.set(id, [...waiting, answer]);
    this.#socket.write(bytes);
    return answer.promise;
  }

  #take(bytes) {
    this.#left = takeFrames(
      this.#left.length === 0 ? bytes : Buffer.concat([this.#left, bytes]),
      (kind, id, body) => this.#answer(kind, id, body),
    );
  }

  #answer(kind, id, body) {
    const fork = this.#forks.get(id);
    if (kind === "P") fork?.started.resolve(this.#child(id, body.readInt32BE(0), fork.exited.promise));
    if (kind === "X") this.#exited(id, body);
    if (kind === "E") this.#failed(id, body);
    if (kind === "K") this.#killed(id, body.readInt32BE(0));
    if (kind === "S") this.#settle(id)?.resolve();
  }

  #child(id, pid, exited) {
    const kill = async (signal = "SIGTERM", { group } = {}) => {
      const bytes = encodeKill(id, { signal, group });
      return this.#isOpen() && this.#forks.has(id) ? this.#kill(id, bytes) : false;
    };
    return { pid, exited, kill };
  }

  #exited(id, body) {
    const code = body.readInt32BE(0);
    const signal = body.readInt32BE(4);
    this.#forks.get(id)?.exited.resolve({
      code: code < 0 ? null : code,
      signal: signal === 0 ? null : (signalNames.get(signal) ?? `signal ${signal}`),
      lost: false,
    });
    this.#forks.delete(id);
  }

  #failed(id, body) {
    const errno = body.readInt32BE(0);
    const name = errnoName(errno);
    const text = body.subarray(4).toString();
    const error = new ForkError(
      "GANGER_FORK_REFUSED",
      `The fork server answered ${name}${text && `: ${text}`}`,
      {
        errno,
        syscallCode: name,
      },
    );
    (this.#forks.get(id)?.started ?? this.#settle(id))?.reject(error);
    this.#forks.delete(id);
  }

  #killed(id, errno) {
    const [first, ...others] = this.#questions.get(id) ?? [];
    if (others.length > 0) this.#questions.set(id, others);
    else this.#questions.delete(id);
    first?.resolve(errno === 0);
  }

  #settle(id) {
    const asked = this.#questions.get(id);
    this.#questions.delete(id);
    return asked;
  }

  #end() {
    const error = gone();
    for (const { started, exited } of this.#forks.values()) {
      started.reject(error);
      exited.resolve({ code: null, signal: null, lost: true });
    }
    for (const asked of this.#questions.values()) {
      if (Array.isArray(asked)) for (const answer of asked) answer.resolve(false);
      else asked.resolve();
    }
    this.#forks.clear();
    this.#questions.clear();
    this.#closed.resolve();
  }
}

/** Promise.withResolvers is Node 22's. */
function withResolvers() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}
