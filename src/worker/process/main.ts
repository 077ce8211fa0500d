import { toParent } from "../../ipc/link.ts";
import type { FromWorker, ToWorker } from "../../ipc/messages.ts";
import { runWorkerProcess } from "./run.ts";

/** The program that a manager starts for each worker that is not forked. */

runWorkerProcess({ connect: (onMessage) => toParent<ToWorker, FromWorker>(onMessage) });
