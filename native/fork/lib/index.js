export { isAvailable, whyUnavailable } from "./binding.js";
export { ForkClient } from "./client.js";
export { refreshEntropy } from "./entropy.js";
export { ForkError } from "./errors.js";
export { exit } from "./exit.js";
export { quiet, serverFlags, whatIsOpen } from "./guard.js";
export { notify, reap, setSubreaper } from "./process.js";
export { serve } from "./serve.js";
