/// <reference types="node" />

/** A Unix socket that somebody listens on; "@name" is an abstract one. */
export interface ForkSocket {
  readonly socket: string;
  /** Sent first, so that one listener can tell many children and streams apart. 65,535 bytes at most. */
  readonly hello?: string | undefined;
}

/** What the child's standard input comes from, or its output goes to. */
export type ForkStream =
  /** The fork server's own. */
  | "inherit"
  /** /dev/null. */
  | "null"
  /** Read as input; as output appended to, and made with mode 0600. A FIFO needs its reader first. */
  | { readonly file: string }
  | ForkSocket;

export interface ForkOptions {
  /** @default "null" */
  readonly stdin?: ForkStream | undefined;
  /** @default "inherit" */
  readonly stdout?: ForkStream | undefined;
  /** "stdout" is the same as standard output. @default "inherit" */
  readonly stderr?: ForkStream | "stdout" | undefined;
  /** Up to 16 sockets that the server connects for the child, which finds them in `Forked.sockets`. @default [] */
  readonly sockets?: readonly ForkSocket[] | undefined;
  /** Variables that the child has beside the server's, or instead; `undefined` takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** @default the server's */
  readonly cwd?: string | undefined;
  /** The child's `process.title`; see `serverFlags` for the room it has. */
  readonly title?: string | undefined;
  /**
   * "group" makes the child the leader of a process group, "session" of a session of its own, which is also out of reach of
   * the terminal. `kill` with `group` reaches either. `{ group }` has it join the group of another process, if that is of
   * the server's session; when there is no such group any more, the child ends at once.
   */
  readonly detached?: "group" | "session" | { readonly group: number } | undefined;
  /** The signal that the kernel sends the child when the server dies, by whatever. @default none */
  readonly parentDeathSignal?: NodeJS.Signals | undefined;
}

/** How a child ended. Of `code` and `signal` one is null; both are when the server went first (`lost`). */
export interface ForkExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The connection to the server ended before the child did; the child goes on, and nobody will say how it ends. */
  readonly lost: boolean;
}

export interface KillOptions {
  /** Reaches all of the group that `detached` made. @default false */
  readonly group?: boolean | undefined;
}

export interface ForkedChild {
  readonly pid: number;
  /** Settles once, never rejects. */
  readonly exited: Promise<ForkExit>;
  /**
   * Sends a signal (SIGTERM); false when the child has ended. The server sends it, which has not collected the child yet: no
   * other process that was given the same pid is ever reached.
   */
  readonly kill: (signal?: NodeJS.Signals | number, options?: KillOptions) => Promise<boolean>;
}

/**
 * A connection to a fork server. Children outlive it.
 *
 * @example
 * const client = await ForkClient.connect("/run/app/fork.sock");
 * const child = await client.fork(JSON.stringify({ job: 7 }));
 * const { code, signal } = await child.exited;
 */
export class ForkClient {
  /** @throws the error of `net.connect`: ENOENT, ECONNREFUSED. */
  static connect(socketPath: string): Promise<ForkClient>;
  private constructor();
  /** Settles when the connection is closed, by either side. */
  readonly closed: Promise<void>;
  /**
   * Starts a child that gets these bytes from `serve`.
   *
   * @throws ForkError GANGER_FORK_REFUSED when the server cannot or will not; GANGER_FORK_SERVER_GONE.
   */
  fork(request?: string | Uint8Array, options?: ForkOptions): Promise<ForkedChild>;
  /** As `ForkedChild.kill`, for a child of this server that any client asked for; false when it has none of this pid. */
  kill(pid: number, signal?: NodeJS.Signals | number, options?: KillOptions): Promise<boolean>;
  /** Lets the server end after its last child; from now on it refuses to fork. */
  shutdown(): Promise<void>;
  close(): void;
  ref(): void;
  unref(): void;
}

/** What may stay open at a fork. */
export interface OpenOptions {
  /** A descriptor whose end of file means that the owner of this server is gone; the server then ends after its last child. */
  readonly parentFd?: number | undefined;
  /** A descriptor that gets the line "ready" when the server listens, and is then closed (unless it is `parentFd`). */
  readonly readyFd?: number | undefined;
  /** Descriptors that the children share with the server. */
  readonly keep?: readonly number[] | undefined;
}

export interface ServeOptions extends OpenOptions {
  /** @default 1 MiB */
  readonly maxRequestBytes?: number | undefined;
  /** Collects garbage before serving: what is garbage now would be copied by every child that collects it. @default true */
  readonly collectGarbage?: boolean | undefined;
}

/** What a child starts with. */
export interface Forked {
  /** The bytes that `ForkClient.fork` was given. */
  readonly request: Buffer;
  /** A descriptor for each of `ForkOptions.sockets`, in their order: `new net.Socket({ fd })`. */
  readonly sockets: readonly number[];
}

/**
 * Turns this process into a fork server. It does not return there: the process serves, and ends with `_exit`. It returns
 * in each child that it forks.
 *
 * In the child `process.pid`, `process.ppid` and every source of randomness of Node's are its own, nothing but memory is shared, and
 * every way out of the process writes its output and then ends by `_exit`.
 *
 * @throws ForkError GANGER_FORK_UNAVAILABLE, GANGER_FORK_FLAGS_MISSING, GANGER_FORK_NOT_QUIET (with `open`),
 * GANGER_FORK_CANNOT_SERVE.
 */
export function serve(socketPath: string, options?: ServeOptions): Forked;

export interface OpenResource {
  /** "tcp", "Timeout", "worker thread", "file" … */
  readonly kind: string;
  /** Addresses, path, pid or descriptor, as far as they are known. */
  readonly detail: string;
}

/** Lists what `serve` would refuse. */
export function whatIsOpen(options?: OpenOptions): OpenResource[];

/**
 * Waits until nothing is open that a fork would share or lose, for what is only on its way out.
 *
 * @throws ForkError GANGER_FORK_NOT_QUIET after `timeoutMs` (1,000), GANGER_FORK_FLAGS_MISSING.
 */
export function quiet(options?: OpenOptions & { readonly timeoutMs?: number | undefined }): Promise<void>;

/** The arguments of node that a serving process needs. `titleLength`: the longest `process.title` its children can have. */
export function serverFlags(options?: { readonly titleLength?: number | undefined }): string[];

/** Ends a forked child: "exit" listeners, output, `_exit`. `process.exit` does the same there. */
export function exit(code?: number): never;

/** Renews Math.random and empties the caches of node:crypto. `serve` has done it in each child. */
export function refreshEntropy(): void;

/** Whether this machine, this Node.js and this installation can fork. */
export function isAvailable(): boolean;
/** Why not, as half a sentence; undefined when it can. */
export function whyUnavailable(): string | undefined;

/**
 * Collects a child that was not started by this Node (an orphan, under PID 1 or a subreaper). Whether it was collected: false
 * while it runs, and when there is no such child.
 */
export function reap(pid: number): boolean;
/**
 * Sends one datagram to a Unix socket, "@name" for an abstract one: the protocol of systemd's NOTIFY_SOCKET. Never waits.
 *
 * @throws ForkError GANGER_FORK_CALL_FAILED
 */
export function notify(socketPath: string, text: string): void;
/** Makes orphaned descendants children of this process. */
export function setSubreaper(on?: boolean): void;

export type ForkErrorCode =
  | "GANGER_FORK_UNAVAILABLE"
  | "GANGER_FORK_FLAGS_MISSING"
  | "GANGER_FORK_NOT_QUIET"
  | "GANGER_FORK_CANNOT_SERVE"
  | "GANGER_FORK_REFUSED"
  | "GANGER_FORK_SERVER_GONE"
  | "GANGER_FORK_CALL_FAILED";

export class ForkError extends Error {
  constructor(code: ForkErrorCode, message: string, fields?: Record<string, unknown>);
  readonly code: ForkErrorCode;
  /** Of GANGER_FORK_NOT_QUIET. */
  readonly open?: readonly OpenResource[];
  /** Of GANGER_FORK_FLAGS_MISSING. */
  readonly missing?: readonly string[];
  /** Of GANGER_FORK_REFUSED and GANGER_FORK_CALL_FAILED: "EMSGSIZE", "ESHUTDOWN" … */
  readonly syscallCode?: string;
  readonly errno?: number;
}
