/** One figure of one run, such as 12,000 jobs/s, or 1.2 ms of "p99". */
export interface Figure {
  readonly detail?: string | undefined;
  readonly unit: string;
  readonly value: number;
}

export interface Contender {
  readonly subject: string;
  /** What a reader must know about its figures. */
  readonly note?: string | undefined;
  measure(): Promise<readonly Figure[]>;
}

/** What the file of a run holds for each figure; `median` and the rest are null when every run failed. */
export interface Row {
  readonly suite: string;
  readonly case: string;
  readonly subject: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
  readonly note?: string | undefined;
}

export interface Results {
  readonly contender: Contender;
  readonly runs: (readonly Figure[])[];
  readonly failures: string[];
}

/** Runs contenders in turn, A B C A B C, so that what the machine does besides hits all of them alike. */
export async function alternate(
  contenders: readonly Contender[],
  runs: number,
  progress: (subject: string, run: number) => void,
): Promise<readonly Results[]> {
  const results = contenders.map((contender): Results => ({ contender, runs: [], failures: [] }));
  for (let run = 1; run <= runs; run++) {
    for (const { contender, runs: measured, failures } of results) {
      progress(contender.subject, run);
      try {
        measured.push(await contender.measure());
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error));
      }
    }
  }
  return results;
}

/** One row per figure: its median, and how far apart the runs were. */
export function toRows(
  { suite, name }: { readonly suite: string; readonly name: string },
  results: readonly Results[],
): readonly Row[] {
  return results.flatMap(({ contender, runs, failures }) => {
    const note = [contender.note, failureNote(failures, runs.length)].filter(Boolean).join("; ") || undefined;
    const figures = runs[0] ?? [{ unit: "failed", value: Number.NaN }];
    return figures.map(({ detail, unit }, place) => {
      const values = runs.map((run) => run[place]?.value ?? Number.NaN).sort((a, b) => a - b);
      return {
        suite,
        case: detail === undefined ? name : `${name}, ${detail}`,
        subject: contender.subject,
        unit,
        median: quantile(values, 0.5),
        min: values[0] ?? Number.NaN,
        max: values.at(-1) ?? Number.NaN,
        runs: values.length,
        note,
      };
    });
  });
}

function failureNote(failures: readonly string[], succeeded: number): string | undefined {
  if (failures.length === 0) return undefined;
  return `${failures.length} of ${failures.length + succeeded} runs failed: ${failures[0]?.split("\n")[0]}`;
}

/** Of sorted values; between two of them where it falls between. */
export function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
