import { Redis } from "ioredis";

/** Deletes every key of a prefix, one that a test made up. */
export async function deleteKeys(server: string, prefix: string): Promise<void> {
  const client = new Redis(server);
  try {
    let cursor = "0";
    do {
      const [next, keys] = await client.scan(cursor, "MATCH", `{${prefix}}*`, "COUNT", 10_000);
      cursor = next;
      if (keys.length > 0) await client.unlink(...keys);
    } while (cursor !== "0");
  } finally {
    client.disconnect();
  }
}
