import type { RunningJob, WorkerStatus } from "../../ipc/messages.ts";

export interface TitleFacts {
  readonly app: string;
  readonly queues: string;
  readonly state: "starting" | WorkerStatus["state"];
  /** How many jobs run, of which only the first need be named. */
  readonly running: number;
  readonly jobs: readonly RunningJob[];
}

/** What `ps` shows of a worker: `ganger[app]: worker mail,*: processing send (mail) since 14:02:59 and 3 more`. */
export function titleOf({ app, queues, state, running, jobs }: TitleFacts): string {
  const first = jobs[0];
  const parts: string[] = state === "working" ? [] : [state];
  if (first !== undefined) {
    const more = running > 1 ? ` and ${running - 1} more` : "";
    parts.push(`processing ${first.name} (${first.queue}) since ${timeOf(first.sinceMs)}${more}`);
  }
  // Whoever reads this may be a terminal.
  return `ganger[${app}]: worker ${queues}: ${parts.join(", ")}`.replaceAll(/\p{Cc}/gu, "?");
}

/** The title of this process, set only when it changes. */
export class Title {
  readonly #set: (title: string) => void;
  #last = "";

  constructor(set: (title: string) => void) {
    this.#set = set;
  }

  show(facts: TitleFacts): void {
    const title = titleOf(facts);
    if (title !== this.#last) this.#set(title);
    this.#last = title;
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toTimeString().slice(0, "HH:MM:SS".length);
}
