import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { findBinary, identityOf } from "../../test/support/servers/server.ts";
import type { Ground } from "../ground.ts";
import { type RunningServer, startPrivate } from "./private.ts";

const REAL_SCRIPT = "/usr/lib/rabbitmq/bin/rabbitmqctl";

/** A private RabbitMQ with the settings it comes with; each run has a virtual host of its own. */
export function rabbitmqGround(): Ground {
  let server: RunningServer = { url: "", folder: "" };
  let hosts = 0;
  return {
    async start(defer) {
      server = await startPrivate("rabbitmq", [], defer);
      const version = await evaluate(server, "rabbit_misc:version().");
      return `RabbitMQ ${version.replaceAll('"', "")}, everything as it comes; the same for all`;
    },
    async open(defer) {
      const name = `bench${++hosts}`;
      await evaluate(
        server,
        `rabbit_vhost:add(<<"${name}">>, <<"bench">>), rabbit_auth_backend_internal:set_permissions(<<"guest">>, <<"${name}">>, <<".*">>, <<".*">>, <<".*">>, <<"bench">>).`,
      );
      defer(() => evaluate(server, `rabbit_vhost:delete(<<"${name}">>, <<"bench">>).`));
      return `${server.url}/${name}`;
    },
    rest: async () => undefined,
  };
}

async function evaluate({ url, folder }: RunningServer, expression: string): Promise<string> {
  const binary = existsSync(REAL_SCRIPT) ? REAL_SCRIPT : (findBinary("rabbitmqctl") ?? "rabbitmqctl");
  const { stdout } = await promisify(execFile)(binary, ["eval", expression], {
    ...identityOf("rabbitmq"),
    cwd: folder,
    env: {
      ...process.env,
      HOME: folder,
      RABBITMQ_BASE: folder,
      RABBITMQ_MNESIA_BASE: join(folder, "mnesia"),
      RABBITMQ_NODENAME: `ganger_test_${new URL(url).port}@localhost`,
      ERL_EPMD_PORT: epmdPortOf(folder),
    },
  });
  return stdout.trim();
}

/** The server's kind chose it; the server's own environment tells. */
function epmdPortOf(folder: string): string {
  for (const entry of readdirSync("/proc")) {
    const variables = environmentOf(entry);
    if (!variables.includes(`RABBITMQ_PID_FILE=${join(folder, "pid")}`)) continue;
    const port = variables.find((variable) => variable.startsWith("ERL_EPMD_PORT="));
    if (port !== undefined) return port.slice("ERL_EPMD_PORT=".length);
  }
  throw new Error("RabbitMQ has ended");
}

function environmentOf(entry: string): readonly string[] {
  try {
    return /^\d+$/.test(entry) ? readFileSync(`/proc/${entry}/environ`, "utf8").split("\0") : [];
  } catch {
    return [];
  }
}
