import { join } from "node:path";
import { GangerError } from "../errors.ts";

/** Linux has 108 bytes for the path of a socket and macOS 104, one of them for its end. */
const MAX_PATH_BYTES = 100;

const NAME = /^manager-(\d+)\.sock$/;

/** Where the manager with this process id listens. */
export function socketOf(directory: string, pid: number): string {
  return join(directory, `manager-${pid}.sock`);
}

/** The process id in the name of a socket; `undefined` for other files. */
export function pidOf(name: string): number | undefined {
  const pid = NAME.exec(name)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/** @throws `GANGER_CONTROL_FAILED` for a path that the kernel would cut off or refuse. */
export function assertSocketPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= MAX_PATH_BYTES) return;
  const message = `The path of the control socket has ${bytes} bytes, and may have ${MAX_PATH_BYTES}: ${path}`;
  throw new GangerError("GANGER_CONTROL_FAILED", message, {
    hint: "Set TMPDIR to a folder with a shorter path, for the manager and for those who reach it.",
  });
}
