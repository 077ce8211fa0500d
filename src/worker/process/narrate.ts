import { toFailure } from "../../ipc/failure.ts";
import type { Announcer } from "../../telemetry/events.ts";
import type { Logger } from "../../telemetry/log.ts";

/** Logs what a worker announces. */
export function narrate(events: Announcer, log: Logger): void {
  events.on("job:failed", ({ id, name, error }) =>
    log.warn({ job: id, kind: name, error: error.message }, "job failed"),
  );
  events.on("job:retried", ({ id, name, error }) =>
    log.info({ job: id, kind: name, error: error.message }, "job to be retried"),
  );
  events.on("job:crashed", ({ id, name, detail }) =>
    log.warn({ job: id, kind: name, detail }, "job crashed what it ran in"),
  );
  events.on("job:overruled", ({ id, name, error }) =>
    log.warn(
      { job: id, kind: name, error: error.message },
      "job failed after its transaction had completed it",
    ),
  );
  events.on("job:lost", ({ id }) => log.warn({ job: id }, "a claim was lost, and the outcome refused"));
  events.on("broker:lost", ({ error }) =>
    log.error({ reason: toFailure(error).message }, "the broker does not answer"),
  );
  events.on("broker:recovered", () => log.info({}, "the broker answers again"));
}
