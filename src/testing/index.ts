export { FakeClock } from "./fake-clock.ts";
export { type InlineOptions, type InlineRun, runInline } from "./run-inline.ts";
export { createTestQueue, type DrainSummary, TestQueue } from "./test-queue.ts";
