import type { ControlConnection } from "../control/connection.ts";
import type { ControlRequest } from "../control/messages.ts";
import { toFailure } from "../ipc/failure.ts";
import type { Manager } from "./manager.ts";
import { perform } from "./perform.ts";
import type { Reloads } from "./reload/reloads.ts";
import type { Handover } from "./swap/handover.ts";

export interface RequestTargets {
  readonly manager: Manager;
  readonly handover: Handover;
  readonly reloads: Reloads;
}

/** Does what clients ask for over the control socket. */
export function answerRequests({ manager, handover, reloads }: RequestTargets) {
  return (request: ControlRequest, connection: ControlConnection): void => {
    switch (request.type) {
      case "status":
        connection.send({ type: "status", status: manager.status() });
        return connection.close();
      case "reload":
        connection.send({ type: "note", text: "reading the configuration" });
        return void tell(connection, reloads.reload(request.all));
      case "restart":
        connection.send({ type: "note", text: "replacing workers one by one" });
        return void tell(connection, reloads.restart());
      case "stop":
        connection.send({ type: "note", text: request.how === "graceful-wait" ? "draining" : "ending" });
        perform(manager, request.how);
        return void tell(
          connection,
          manager.done.then(() => undefined),
        );
      case "handover":
      case "yield":
      case "commit":
        return handover.receive(request, connection);
    }
  };
}

async function tell(connection: ControlConnection, work: Promise<void>): Promise<void> {
  try {
    await work;
    connection.send({ type: "done" });
  } catch (error) {
    connection.send({ type: "failed", failure: toFailure(error) });
  }
  connection.close();
}
