import type { JobDetails } from "../../job/job.ts";
import type { Connection } from "./connection.ts";
import { toDetails, toList } from "./rows.ts";

/** All that is known of jobs, each by its id; `undefined` for those that are not there. */
export async function find(
  connection: Connection,
  ids: readonly string[],
): Promise<readonly (JobDetails | undefined)[]> {
  const found: (JobDetails | undefined)[] = [];
  for (let from = 0; from < ids.length; from += CHUNK) {
    const answer = await connection.run("find", ids.slice(from, from + CHUNK));
    for (const each of toList(answer)) found.push(toDetails(each));
  }
  return found;
}

const CHUNK = 200;
