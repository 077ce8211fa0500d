import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SERVERS, type ServiceName } from "../../test/support/services.ts";
import type { Defer } from "../scope.ts";

const REAPER = fileURLToPath(new URL("../programs/reaper.mjs", import.meta.url));

export interface RunningServer {
  readonly url: string;
  /** Where it keeps its data. */
  readonly folder: string;
}

/** Starts a server of this run's own. It is gone with the scope, and with this process, even if that is killed. */
export async function startPrivate(
  name: ServiceName,
  settings: readonly string[],
  defer: Defer,
): Promise<RunningServer> {
  const kind = SERVERS[name];
  if (kind.binary() === undefined) {
    throw new Error(
      `${kind.title} is not installed, and a benchmark starts its own; install it (Debian: apt-get install ${kind.debianPackage})`,
    );
  }
  const folder = mkdtempSync(join(tmpdir(), "ganger-bench-"));
  chmodSync(folder, 0o755); // a server may run as a user of its own
  const reaper = spawn(process.execPath, [REAPER, folder], {
    detached: true,
    stdio: ["pipe", "ignore", "inherit"],
  });
  defer(async () => {
    reaper.stdin.end();
    await once(reaper, "exit");
  });
  const { url } = await kind.start(folder, { settings });
  return { url, folder };
}
