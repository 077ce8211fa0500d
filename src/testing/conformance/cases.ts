import type { ConformanceCase } from "./case.ts";
import { claimCases } from "./core/claim.ts";
import { crashCases } from "./core/crash.ts";
import { delayCases } from "./core/delay.ts";
import { enqueueCases } from "./core/enqueue.ts";
import { fencingCases } from "./core/fencing.ts";
import { heartbeatCases } from "./core/heartbeat.ts";
import { orderCases } from "./core/order.ts";
import { payloadCases } from "./core/payload.ts";
import { releaseCases } from "./core/release.ts";
import { retryCases } from "./core/retry.ts";
import { annotateCases } from "./facet/annotate.ts";
import { cancelCases } from "./facet/cancel.ts";
import { clearCases } from "./facet/clear.ts";
import { editCases } from "./facet/edit.ts";
import { findCases } from "./facet/find.ts";
import { inspectCases } from "./facet/inspect.ts";
import { maintenanceCases } from "./facet/maintenance.ts";
import { pruneCases } from "./facet/prune.ts";
import { storeCases } from "./facet/store.ts";
import { transactionSettleCases } from "./facet/transaction-settle.ts";
import { transactionCases } from "./facet/transactions.ts";
import { transitionCases } from "./facet/transitions.ts";
import { wakeupCases } from "./facet/wakeup.ts";
import { processCases } from "./load/process.ts";
import { randomCases } from "./load/random.ts";
import { scaleCases } from "./load/scale.ts";

/** Everything that every broker must do, in the order in which a new one is best made to do it. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...enqueueCases,
  ...orderCases,
  ...claimCases,
  ...fencingCases,
  ...retryCases,
  ...releaseCases,
  ...crashCases,
  ...heartbeatCases,
  ...delayCases,
  ...payloadCases,
  ...inspectCases,
  ...findCases,
  ...editCases,
  ...cancelCases,
  ...clearCases,
  ...annotateCases,
  ...transitionCases,
  ...maintenanceCases,
  ...pruneCases,
  ...storeCases,
  ...wakeupCases,
  ...transactionCases,
  ...transactionSettleCases,
  ...randomCases,
  ...scaleCases,
  ...processCases,
];
