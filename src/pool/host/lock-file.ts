import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { GangerError } from "../../errors.ts";

/**
 * Holds a shared lock on a file until disposed of or until this process ends, however it does. Who wants to know when
 * all managers are gone waits for an exclusive one: `flock FILE true`.
 *
 * Node.js cannot lock files. A lock belongs to the open file, not to who asked for it, and so flock(1) can take it for us.
 *
 * @throws `GANGER_LOCK_FAILED` when somebody holds it exclusively, or there is no flock(1).
 */
export function lockShared(file: string): Disposable {
  const fd = open(file);
  // Short options: those of BusyBox.
  const { error, status, stderr } = spawnSync("flock", ["-s", "-n", "3"], {
    stdio: ["ignore", "ignore", "pipe", fd],
    encoding: "utf8",
  });
  if (error === undefined && status === 0) return { [Symbol.dispose]: once(() => closeSync(fd)) };
  closeSync(fd);
  if (error !== undefined) {
    throw new GangerError("GANGER_LOCK_FAILED", `The lock file ${file} cannot be locked: ${error.message}`, {
      cause: error,
      hint: "Install flock (Debian: apt-get install util-linux), or start without --lock.",
    });
  }
  const said = stderr.trim();
  if (status !== 1 || said !== "") {
    throw new GangerError(
      "GANGER_LOCK_FAILED",
      `The lock file ${file} cannot be locked: ${said || `flock ended with exit status ${status}`}`,
      {
        hint: "Give --lock a file on a local disk, or start without it.",
      },
    );
  }
  throw new GangerError("GANGER_LOCK_FAILED", `Another process holds the lock file ${file} exclusively`, {
    hint: `Wait until it is done, or see who holds it with: lslocks | grep ${file}`,
  });
}

function open(file: string): number {
  try {
    mkdirSync(dirname(file), { recursive: true });
    return openSync(file, "a");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GangerError("GANGER_LOCK_FAILED", `The lock file ${file} cannot be opened: ${reason}`, {
      cause: error,
      hint: "Give --lock a file in a folder that this user may write to.",
    });
  }
}

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    act();
  };
}
