import type { NewJob } from "../../job/job.ts";
import type { Announcements } from "./announcements.ts";
import { type Enqueued, enqueue } from "./enqueue.ts";
import type { Lanes, Run } from "./lanes.ts";
import type { Queues } from "./queues.ts";

interface ProducerOptions {
  readonly lanes: Lanes;
  readonly queues: Queues;
  readonly announcements: Announcements;
}

/** Adds batches of jobs, and has idle workers told of them. */
export class Producer {
  readonly #options: ProducerOptions;
  #underWay = 0;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  async enqueue(jobs: readonly NewJob[]): Promise<readonly string[]> {
    const { lanes, queues, announcements } = this.#options;
    await queues.ensure(jobs.map(({ queue }) => queue));
    const [first] = jobs;
    this.#underWay++;
    try {
      // Of many at a time, one announcement serves for all that were committed meanwhile.
      if (first !== undefined && this.#underWay === 1 && jobs.length === 1 && isReady(first))
        return await this.#enqueueLone(first);
      const { ids, news } = await enqueue(lanes.run, queues, jobs);
      announcements.enqueued(news);
      return ids;
    } finally {
      this.#underWay--;
    }
  }

  /** Does not wait for the commit before it sends the announcement. */
  async #enqueueLone(job: NewJob): Promise<readonly string[]> {
    const { lanes, queues, announcements } = this.#options;
    const sent: Promise<unknown>[] = [];
    const run: Run = async (name, values = []) => {
      const { result, follower } = await lanes.runFollowed(
        { name, values },
        announcements.follower(job.queue),
      );
      if (follower !== undefined) sent.push(follower);
      return result;
    };
    const { ids, news }: Enqueued = await enqueue(run, queues, [job]);
    const [follower] = sent;
    if (follower === undefined) announcements.enqueued(news);
    else announcements.followed(follower, news);
    return ids;
  }
}

function isReady({ delayMs = 0, runAtMs }: NewJob): boolean {
  return delayMs <= 0 && runAtMs === undefined;
}
