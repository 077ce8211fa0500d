import { describe } from "vitest";
import { isAvailable } from "../../lib/index.js";

/** `describe`, where there is a fork to be tested. On CI there must be one. */
export const describeFork: typeof describe.skip =
  isAvailable() || process.env["CI"] ? describe : describe.skip;
