import type {
  Claim,
  ClaimRequest,
  Outcome,
  Released,
  ReleaseReason,
  Settlement,
} from "../../broker/claim.ts";
import type { RescuedHolder } from "../../broker/maintenance.ts";
import type { LaneName } from "./lane.ts";

/** What a process that claims does with the server; a broker has it in a thread, where a busy event loop does not stop it. */
export interface ClaimSide {
  claim(request: ClaimRequest): Promise<readonly Claim[]>;
  settle(outcomes: readonly Outcome[], next: ClaimRequest | undefined): Promise<Settlement>;
  release(holder: string, reason: ReleaseReason): Promise<Released>;
  /** Queues of which jobs came to this process that nobody claimed yet: the server does not count them as waiting. */
  ready(): Promise<readonly string[]>;
  rescue(): Promise<readonly RescuedHolder[]>;
  /** A heartbeat that this process sent. */
  beat(holders: readonly string[], ttlMs: number): Promise<void>;
  /** A lane that this process made. */
  know(lane: LaneName): Promise<void>;
  close(): Promise<void>;
}
