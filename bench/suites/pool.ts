import { fileURLToPath } from "node:url";
import type { Contender, Figure } from "../measure.ts";
import { measureBusyStop, measureCrash, measureRest } from "../pool/busy.ts";
import { measureChanges, measureSwap } from "../pool/changes.ts";
import { measureBareLife, measureClusterLife, measureGangerLife } from "../pool/lives.ts";
import type { Entry } from "../subject.ts";
import type { Case, Suite } from "../suite.ts";

const TYPED_JOBS = fileURLToPath(new URL("../programs/typed-jobs", import.meta.url));

const ganger: Entry = {
  name: "ganger",
  key: "",
  role: "ganger",
  contract: "manager, coordinator and workers that claim; jobs in JavaScript",
  notes: [
    "times are those at which this program reads a line of the manager's log, an answer of its control socket, or the end of a process: about 1 ms late on an idle machine",
    "CPU is counted in ticks of 10 ms for each process; memory is PSS, of all processes of the pool",
    "4 lists share the workers evenly; a list replaces one worker at a time",
  ],
};
const gangerTyped: Entry = {
  ...ganger,
  name: "ganger, TypeScript",
  contract: "the same, jobs in TypeScript",
  notes: [],
};
const gangerFrugal: Entry = {
  ...ganger,
  name: "ganger, --frugal",
  contract: "the same, never more than one worker too many in a list",
  notes: [],
};
const cluster: Entry = {
  name: "node:cluster",
  key: "",
  role: "peer",
  contract:
    "processes of Node.js' cluster with the database open by better-sqlite3; nobody claims or supervises",
  notes: [],
};
const bare: Entry = {
  name: "bare",
  key: "",
  role: "bare",
  contract: "processes of Node.js that do nothing; the floor",
  notes: [],
};

/** What it costs to start, change and end a pool. */
export const pool: Suite = {
  name: "pool",
  entries: [ganger, gangerTyped, gangerFrugal, cluster, bare],
  packages: ["better-sqlite3"],
  cases: (scale) => {
    const isQuick = scale < 1;
    const workers = isQuick ? 4 : 20;
    const lowerIsBetter = (name: string, ...contenders: readonly Contender[]): Case => ({
      name: `${name}, ${workers} workers`,
      isLowerBetter: true,
      contenders,
    });
    return [
      lowerIsBetter(
        "life",
        of(ganger, () => measureGangerLife({ workers })),
        of(gangerTyped, () => measureGangerLife({ workers, jobs: TYPED_JOBS })),
        of(cluster, () => measureClusterLife(workers)),
        of(bare, () => measureBareLife(workers)),
      ),
      lowerIsBetter(
        "change",
        of(ganger, () => measureChanges(workers)),
      ),
      lowerIsBetter(
        "hot swap",
        of(ganger, () => measureSwap(workers)),
        of(gangerFrugal, () => measureSwap(workers, "--frugal")),
      ),
      lowerIsBetter(
        "stop, a job in each worker",
        of(ganger, () => measureBusyStop(workers)),
      ),
      lowerIsBetter(
        "SIGKILL of a worker with a job",
        of(ganger, () => measureCrash(workers, isQuick ? 1 : 5)),
      ),
      lowerIsBetter(
        "at rest",
        of(ganger, () => measureRest(workers, isQuick ? 1 : 10)),
      ),
    ];
  },
};

function of({ name }: Entry, measure: () => Promise<readonly Figure[]>): Contender {
  return { subject: name, measure };
}
