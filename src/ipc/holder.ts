import { randomBytes } from "node:crypto";
import { hostname } from "node:os";

/** A name for a worker that no other has, on any host, at any time: `host:pid:nonce`. */
export function createHolder(pid: number = process.pid): string {
  return `${hostname()}:${pid}:${randomBytes(4).toString("hex")}`;
}

export interface HolderParts {
  readonly host: string;
  readonly pid: number;
}

export function parseHolder(holder: string): HolderParts | undefined {
  const { host, pid } = /^(?<host>.+):(?<pid>\d+):[^:]*$/.exec(holder)?.groups ?? {};
  return host === undefined || pid === undefined ? undefined : { host, pid: Number(pid) };
}
