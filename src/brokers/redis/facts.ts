import { GangerError } from "../../errors.ts";

/** What a server says of itself. */
export interface ServerFacts {
  readonly product: "Redis" | "Valkey";
  readonly version: string;
  readonly major: number;
  readonly isCluster: boolean;
}

const OLDEST = [6, 2] as const;

/**
 * Reads the answer to INFO.
 *
 * @throws `GANGER_BROKER_UNSUITED` for a server that is too old, `GANGER_BROKER_READONLY` for a replica.
 */
export function toFacts(text: string, label: string): ServerFacts {
  const info = toFields(text);
  const compatible = info.get("redis_version") ?? "0";
  const [major = 0, minor = 0] = compatible.split(".").map(Number);
  const product = info.has("valkey_version") ? "Valkey" : "Redis";
  const version = info.get("valkey_version") ?? compatible;
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new GangerError("GANGER_BROKER_UNSUITED", `${label} is ${product} ${version}`, {
      hint: `Use Redis ${OLDEST.join(".")} or later, or Valkey.`,
    });
  }
  if (info.get("role") === "slave" && info.get("cluster_enabled") !== "1") {
    throw new GangerError("GANGER_BROKER_READONLY", `${label} is a replica`, {
      hint: "Name the primary in the URL, or the Sentinels, which know it: redis://sentinel:26379?sentinel=NAME.",
    });
  }
  return { product, version, major, isCluster: info.get("cluster_enabled") === "1" };
}

/** The fields of an answer to INFO. */
export function toFields(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split("\r\n").flatMap((line): [string, string][] => {
      const colon = line.indexOf(":");
      return colon < 1 ? [] : [[line.slice(0, colon), line.slice(colon + 1)]];
    }),
  );
}
