import type { Claim, ClaimRequest } from "../../broker/claim.ts";
import { toClaim } from "./records.ts";
import type { Memory } from "./table/memory.ts";

/** Hands out jobs. All claims of one call share one token. */
export function claim(
  memory: Memory,
  { queues, limit, holder: name }: ClaimRequest,
  now: number,
): readonly Claim[] {
  const holder = memory.holders.find(name);
  if (holder === undefined || holder.aliveUntilMs <= now) return [];
  const claimed: Claim[] = [];
  let token: number | undefined;
  for (const queue of queues) {
    if (claimed.length >= limit) break;
    const first = memory.jobs.queue(queue)?.waiting.head(limit - claimed.length) ?? [];
    if (first.length === 0) continue;
    token ??= memory.nextToken();
    for (const job of first) {
      memory.jobs.put(job, {
        place: { state: "running", token, holder, claimedAtMs: now, progress: undefined },
      });
      claimed.push(toClaim(job, token));
    }
  }
  return claimed;
}
