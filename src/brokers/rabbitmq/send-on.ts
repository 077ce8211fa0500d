import { hopsOf } from "./delay.ts";
import type { Desk } from "./desk.ts";
import { laneOf } from "./message.ts";
import { toObituary } from "./obituary.ts";
import type { Sequel } from "./sequel.ts";

/**
 * Sends jobs on their further way, and resolves when the server has answered for all of them: for each the reason why it could not be
 * sent, or `undefined`. What goes through different queues is sent apart, so that one that is stuck holds up nothing else; and a job
 * that was sent is not sent again for the sake of others.
 */
export async function sendOn(
  desk: Desk,
  failedQueue: string,
  sequels: readonly Sequel[],
): Promise<readonly unknown[]> {
  const failures: unknown[] = sequels.map(() => undefined);
  const ways = new Map<string, number[]>();
  for (const [place, sequel] of sequels.entries()) {
    const way = wayOf(sequel);
    const places = ways.get(way);
    if (places === undefined) ways.set(way, [place]);
    else places.push(place);
  }
  const send = async (places: readonly number[]): Promise<void> => {
    try {
      const some = places.flatMap((place) => sequels[place] ?? []);
      const letters = await desk.address(some.filter((sequel) => sequel.kind === "again"));
      const obituaries = some
        .filter((sequel) => sequel.kind === "failed")
        .map(({ parcel, error, keepMs }) =>
          toObituary(parcel, failedQueue, { error, keepMs, frameMax: desk.publisher.frameMax }),
        );
      await desk.send([...letters, ...obituaries]);
    } catch (error) {
      for (const place of places) failures[place] = error;
    }
  };
  await Promise.all([...ways.values()].map(send));
  return failures;
}

/** Which queue has to take it. */
function wayOf(sequel: Sequel): string {
  if (sequel.kind === "failed") return "failed";
  const { parcel, delayMs } = sequel;
  return delayMs > 0 ? `delay ${hopsOf(delayMs).levels[0]}` : `queue ${parcel.queue} ${laneOf(parcel).rank}`;
}
