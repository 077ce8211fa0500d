import type { ClusterNode, ClusterNodes, RedisClient } from "./driver.ts";
import { toList, toNumber, toText } from "./rows.ts";

export type Cluster = RedisClient & ClusterNodes;

/** The node of a cluster that has the keys of a prefix, which are all in one slot; `undefined` while nobody is known to. */
export async function homeOf(cluster: Cluster, prefix: string): Promise<ClusterNode | undefined> {
  const slot = toNumber(await cluster.call("CLUSTER", ["KEYSLOT", prefix]));
  for (const range of toList(await cluster.call("CLUSTER", ["SLOTS"]))) {
    const [from, to, primary] = toList(range);
    if (slot < toNumber(from) || slot > toNumber(to)) continue;
    const [host, port] = toList(primary);
    return cluster
      .nodes("all")
      .find(({ options }) => options.port === toNumber(port) && options.host === toText(host));
  }
  return undefined;
}
