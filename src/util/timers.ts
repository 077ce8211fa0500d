/** The longest that a timer of Node.js waits; one that is set to more fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;
