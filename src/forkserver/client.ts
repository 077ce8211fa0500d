import type { ForkClient } from "ganger-fork";

export type { ForkClient, ForkedChild } from "ganger-fork";

/** What a program needs on its command line to serve forks. */
export interface ForkMeans {
  readonly flags: readonly string[];
  readonly program: URL;
  /** @throws what `net.connect` does. */
  connect(socket: string): Promise<ForkClient>;
}

/** How forks are to be had here, or half a sentence on why they are not. Opens nothing. */
export async function findForks(): Promise<ForkMeans | string> {
  if (process.platform !== "linux") return `there are no forks on ${process.platform}`;
  try {
    const { ForkClient, serverFlags, whyUnavailable } = await import("ganger-fork");
    const reason = whyUnavailable();
    if (reason !== undefined) return reason;
    return {
      flags: serverFlags({ titleLength: TITLE_LENGTH }),
      program: new URL("./main.js", import.meta.url),
      connect: (socket) => ForkClient.connect(socket),
    };
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
    if (isMissing) return "the package ganger-fork is not installed";
    return `ganger-fork cannot be used: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const TITLE_LENGTH = 160;

/** System calls that Node.js does not make, and a manager needs. */
export interface SystemCalls {
  /** Waits for a process without blocking. Whether it was there to be waited for. */
  reap(pid: number): boolean;
  /** Sends a datagram to a Unix socket; "@name" is an abstract one. */
  notify(path: string, text: string): void;
}

/** `undefined` where the addon is not to be had. */
export async function findSystemCalls(): Promise<SystemCalls | undefined> {
  try {
    const { isAvailable, notify, reap } = await import("ganger-fork");
    return isAvailable() ? { notify, reap } : undefined;
  } catch {
    return undefined;
  }
}
