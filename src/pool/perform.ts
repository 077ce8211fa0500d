import type { ManagerAction } from "../config/options.ts";
import type { Manager } from "./manager.ts";

/** What a signal or a client can ask of the manager itself. */
export type PoolAction = Exclude<ManagerAction, "reload" | "restart" | "report" | "ignore">;

export function perform(manager: Manager, action: PoolAction): void {
  switch (action) {
    case "graceful-wait":
      return manager.end("stop");
    case "graceful":
      return manager.leave();
    case "immediate":
      return manager.end("abort");
    case "kill":
      return manager.end("kill");
    case "empty":
      if (!manager.isStopping) manager.groups.empty();
      break;
    case "more":
    case "fewer":
      // One that ends wants no workers, whatever it is told.
      if (!manager.isStopping) manager.groups.resize(action === "more" ? 1 : -1);
      break;
    case "abort":
      for (const worker of manager.groups.workers) worker.send({ type: "cut" });
      break;
    case "pause":
    case "resume":
      manager.pause(action === "pause");
  }
  manager.changed();
}
