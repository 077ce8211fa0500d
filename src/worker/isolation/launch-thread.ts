import { Worker } from "node:worker_threads";
import type { FromHost, HostStart } from "./messages.ts";
import type { Launch } from "./transport.ts";

const PROGRAM = new URL("./thread-main.js", import.meta.url);

/** Starts hosts as threads of this process, each with a heap of so many bytes at most. */
export function launchThread(start: HostStart, memory: number | undefined): Launch {
  return ({ onMessage, onOutput, onExit }) => {
    let how: string | undefined;
    const thread = new Worker(PROGRAM, {
      workerData: start,
      stdout: true,
      stderr: true,
      ...(memory !== undefined && {
        resourceLimits: { maxOldGenerationSizeMb: Math.ceil(memory / 1024 ** 2) },
      }),
    });
    thread.on("message", (message: FromHost) => onMessage(message));
    thread.on("error", (error: Error & { readonly code?: string }) => {
      const isMemory = error.code === "ERR_WORKER_OUT_OF_MEMORY";
      how = isMemory
        ? `beyond its memory of ${memory ?? "the default"} bytes`
        : `with ${error.name}: ${error.message}`;
    });
    thread.once("exit", (code) => onExit(how ?? (code === 0 ? undefined : `with exit status ${code}`)));
    for (const name of ["stdout", "stderr"] as const)
      thread[name].setEncoding("utf8").on("data", (text: string) => onOutput(name, text));
    return {
      pid: undefined,
      send: (message) => thread.postMessage(message),
      end: () => void thread.terminate(),
      kill: () => void thread.terminate(),
    };
  };
}
