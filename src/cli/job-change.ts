import type { Broker } from "../broker/broker.ts";
import type { CliContext, GlobalOptions } from "./context.ts";
import { counted, print } from "./output.ts";

/** What became of some jobs that somebody asked to change. */
export interface Change {
  readonly changed: readonly string[];
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
}

/** Changes jobs and finds out why some of them were not. */
export async function changeJobs(
  broker: Broker,
  ids: readonly string[],
  change: (ids: readonly string[]) => Promise<readonly boolean[]>,
): Promise<Change> {
  const unique = [...new Set(ids)];
  const done = await change(unique);
  const refused: { id: string; reason: string }[] = [];
  for (const id of unique.filter((_, place) => done[place] !== true)) {
    const job = await broker.inspect?.find(id);
    const reason = job === undefined ? "there is no such job" : `it is ${job.state}`;
    refused.push({ id, reason });
  }
  return { changed: unique.filter((_, place) => done[place] === true), refused };
}

/** Prints the number of changed jobs, and each that was not with the reason, to the error output. */
export function reportChange(
  context: CliContext,
  options: GlobalOptions,
  { changed, refused }: Change,
  verb: string,
): void {
  print(context, options, { [verb]: changed, refused }, () => `${verb} ${counted(changed.length, "job")}`);
  for (const { id, reason } of refused) context.stderr.write(`not ${verb}: ${id}: ${reason}\n`);
}
