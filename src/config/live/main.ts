import { toParent } from "../../ipc/link.ts";
import { ConfigHost } from "./config-host.ts";
import type { FromConfigHost, ToConfigHost } from "./messages.ts";
import { dieWithParent } from "./tether.ts";

/** The process that holds the user's configuration. It goes when its manager is gone. */

const link = toParent<ToConfigHost, FromConfigHost>((message) => void host.obey(message));
const host = new ConfigHost((message) => link.send(message));

dieWithParent();
// A signal to the whole group is meant for the manager.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const) {
  process.on(signal, () => undefined);
}
process.on("uncaughtException", (error) => host.fault(error));
process.on("unhandledRejection", (reason) => host.fault(reason));
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
void link.closed.then(() => process.exit());
