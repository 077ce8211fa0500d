import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { compare } from "./compare.ts";
import { listFiles } from "./list-files.ts";
import { BatchPool } from "./pool.ts";
import { report } from "./report.ts";
import { runBatch } from "./run-batch.ts";

const HELP = `npm start [-- [--calm] [DIR]]

Measures every file below DIR (this repository by default) with a pool of workers on SQLite, one job
per file, kills a worker half-way unless --calm, and checks the result against a plain sequential pass.
Writes report.json here. Exit status: 0 they agree, 1 they differ or it failed, 2 wrong usage.`;

const STOP_MS = 30_000;

/** Where the caller stands, also under npm. */
const here = process.env["INIT_CWD"] ?? process.cwd();

const usage = parseUsage();
if (typeof usage === "string") {
  console.error(usage);
  process.exitCode = usage === HELP ? 0 : 2;
} else {
  process.exitCode = await main(usage.folder, usage.calm);
}

function parseUsage(): { readonly folder: string; readonly calm: boolean } | string {
  try {
    const { values, positionals } = parseArgs({
      options: { calm: { type: "boolean", default: false }, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
    if (values.help === true) return HELP;
    if (positionals.length > 1) return `One folder at a time\n\n${HELP}`;
    const folder = positionals[0] === undefined ? process.cwd() : resolve(here, positionals[0]);
    const info = statSync(folder, { throwIfNoEntry: false });
    if (info?.isDirectory() !== true) return `${folder} is no folder\n\n${HELP}`;
    return { folder, calm: values.calm };
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n\n${HELP}`;
  }
}

async function main(folder: string, calm: boolean): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort(signal));
  const { signal } = interrupted;
  console.error(`listing ${folder}`);
  const listing = await listFiles(folder);
  if (listing.files.length === 0) {
    console.error(`There is no file below ${folder}`);
    return 1;
  }
  const scratch = mkdtempSync(join(tmpdir(), "ganger-batch-"));
  const pool = new BatchPool(scratch, listing.files.length);
  try {
    console.error(`starting ${pool.workers} workers for ${listing.files.length} files`);
    const batch = await runBatch(pool, listing.files, { calm, signal });
    await pool.stop(STOP_MS);
    const comparison = await compare(batch.jobs, signal);
    const input = { folder, workers: pool.workers, listing, batch, comparison };
    return report(input, join(here, "report.json")) ? 0 : 1;
  } catch (error) {
    console.error(signal.aborted ? `interrupted by ${String(signal.reason)}` : error);
    return 1;
  } finally {
    await pool.stop(STOP_MS);
    rmSync(scratch, { recursive: true, force: true });
  }
}
