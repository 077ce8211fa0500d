export type { Bench, ConformanceCase, Requirement } from "./conformance/case.ts";
export { conformanceCases } from "./conformance/cases.ts";
export {
  type CaseResult,
  type VerifyOptions,
  type VerifyReport,
  verifyBroker,
} from "./conformance/run.ts";
export { FakeClock } from "./fake-clock.ts";
export { type InlineOptions, type InlineRun, runInline } from "./run-inline.ts";
export { createTestQueue, type DrainSummary, TestQueue } from "./test-queue.ts";
