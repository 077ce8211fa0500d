import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  findBinary,
  freePort,
  giveTo,
  identityOf,
  isProgram,
  type ServerKind,
  startServer,
} from "./server.ts";

const REAL_SCRIPT = "/usr/lib/rabbitmq/bin/rabbitmq-server";

export const rabbitmq: ServerKind = {
  title: "RabbitMQ",
  debianPackage: "rabbitmq-server",
  standardPort: 5672,
  url: (port) => `amqp://guest:guest@127.0.0.1:${port}`,
  greeting: {
    hello: Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]),
    judge: (received) => (received.length < 11 ? undefined : received.readUInt32BE(7) === 0x000a_000a),
  },
  // The script on the PATH is a wrapper that insists on changing the user by itself.
  binary: () => [REAL_SCRIPT].find(isProgram) ?? findBinary("rabbitmq-server"),
  async start(dir, { port: wanted, settings: lines = [] } = {}) {
    const [port, distPort, epmdPort] = [wanted ?? (await freePort()), await freePort(), await freePort()];
    const identity = identityOf("rabbitmq");
    const settings = join(dir, "rabbitmq.conf");
    const plugins = join(dir, "enabled_plugins");
    writeFileSync(settings, [`listeners.tcp.1 = 127.0.0.1:${port}`, ...lines, ""].join("\n"));
    writeFileSync(plugins, "[].\n");
    mkdirSync(join(dir, "log"), { recursive: true });
    for (const owned of [dir, join(dir, "log"), settings, plugins]) giveTo(identity, owned);
    const env = {
      HOME: dir,
      RABBITMQ_BASE: dir,
      RABBITMQ_MNESIA_BASE: join(dir, "mnesia"),
      RABBITMQ_LOG_BASE: join(dir, "log"),
      RABBITMQ_CONFIG_FILE: settings,
      RABBITMQ_NODENAME: `ganger_test_${port}@localhost`,
      RABBITMQ_DIST_PORT: `${distPort}`,
      ERL_EPMD_ADDRESS: "127.0.0.1",
      ERL_EPMD_PORT: `${epmdPort}`,
      RABBITMQ_PID_FILE: join(dir, "pid"),
      RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
    };
    const binary = rabbitmq.binary() ?? "rabbitmq-server";
    const { url } = await startServer(rabbitmq, port, { binary, args: [], dir, identity, env });
    return { url, pids: processesWith(`RABBITMQ_PID_FILE=${env.RABBITMQ_PID_FILE}`) };
  },
};

/** Its script, its virtual machine, and the `epmd` that would otherwise be left behind. */
function processesWith(variable: string): readonly number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => environmentOf(pid).includes(variable));
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}
