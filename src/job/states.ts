/** Where a job is in its life. ARCHITECTURE.md has the picture. */
export const JOB_STATES = [
  "waiting",
  "scheduled",
  "blocked",
  "running",
  "completed",
  "failed",
  "cancelled",
] as const;

export type JobState = (typeof JOB_STATES)[number];

/** What can befall a job. Each is one call of the broker contract. */
export const JOB_EVENTS = [
  "claim",
  "due",
  "unblock",
  "complete",
  "retry",
  "fail",
  "release",
  "advance",
  "cancel",
  "revive",
  "prune",
] as const;

export type JobEvent = (typeof JOB_EVENTS)[number];

/** A state's successors by event; an event that is not named is illegal there. `gone` is no state: the row is deleted. */
type Transitions = Readonly<Partial<Record<JobEvent, readonly (JobState | "gone")[]>>>;

const FINISHED: Transitions = { prune: ["gone"] };

/**
 * The state machine of a job.
 *
 * A retry of no delay, or a job that advances to a queue at once, is waiting
 * rather than scheduled; a job that advances may wait for others. `fail` covers
 * spent attempts, invalid input and one crash too many. `revive` is a person's
 * retry of a finished job.
 */
export const TRANSITIONS: Readonly<Record<JobState, Transitions>> = {
  waiting: { claim: ["running"], cancel: ["cancelled"] },
  scheduled: { due: ["waiting"], cancel: ["cancelled"] },
  blocked: { unblock: ["waiting", "scheduled"], cancel: ["cancelled"] },
  running: {
    complete: ["completed"],
    retry: ["scheduled", "waiting"],
    fail: ["failed"],
    release: ["waiting"],
    advance: ["waiting", "scheduled", "blocked"],
    cancel: ["cancelled"],
  },
  completed: FINISHED,
  failed: { revive: ["waiting"], prune: ["gone"] },
  cancelled: FINISHED,
};

/** Whether a job in this state may end up in that one through one event. */
export function canBecome(from: JobState, event: JobEvent, to: JobState | "gone"): boolean {
  return TRANSITIONS[from][event]?.includes(to) ?? false;
}

/** Whether nothing more will happen to the job by itself. */
export function isFinished(state: JobState): state is "completed" | "failed" | "cancelled" {
  return state === "completed" || state === "failed" || state === "cancelled";
}

export function isJobState(text: string): text is JobState {
  return JOB_STATES.some((state) => state === text);
}
