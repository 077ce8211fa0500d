import { connect } from "node:net";

/** How long a socket may take to accept a connection; the kernel does it for a program that is alive. */
const PROBE_MS = 1000;

/**
 * Whether somebody listens at a socket: `busy` when too many wait to be
 * accepted, `refused` when its file is left of a process that is gone,
 * `closed` when it cannot be told, such as when it belongs to somebody else.
 */
export function probe(path: string): Promise<"open" | "busy" | "refused" | "closed"> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const timer = setTimeout(() => end("busy"), PROBE_MS);
    const end = (found: "open" | "busy" | "refused" | "closed") => {
      clearTimeout(timer);
      socket.destroy();
      resolve(found);
    };
    socket.once("connect", () => end("open"));
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      if (code === "ECONNREFUSED") end("refused");
      else end(code === "EAGAIN" ? "busy" : "closed");
    });
  });
}
