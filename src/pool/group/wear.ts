import type { Worn } from "../../ipc/messages.ts";

/** Why a worker is replaced, for people: with the job that it grew by. */
export function describeWear(worn: Worn | { readonly reason: "maxAge" }): string {
  switch (worn.reason) {
    case "maxAge":
      return "it has reached maxAge";
    case "maxJobs":
      return `it has run ${worn.done} jobs`;
    case "memory": {
      const [most] = worn.grew;
      const culprit =
        most === undefined ? "" : `, of which ${toMb(most.bytes)} came with the job "${most.name}"`;
      return `it has grown to ${toMb(worn.rss)}${culprit}`;
    }
  }
}

function toMb(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MB`;
}
