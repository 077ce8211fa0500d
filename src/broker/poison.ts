import type { JobError } from "../job/job.ts";

/** Why a job is given up under which so many processes died. */
export function toPoison(crashes: number, detail: string | undefined): JobError {
  const processes = crashes === 1 ? "1 process" : `${crashes} processes`;
  const last = detail === undefined ? "" : `, the last one ${detail}`;
  return { name: "PoisonError", message: `${processes} died under this job${last}` };
}
