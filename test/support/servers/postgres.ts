import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  findBinary,
  freePort,
  giveTo,
  identityOf,
  prepare,
  type ServerKind,
  startServer,
  versionFolders,
} from "./server.ts";

const PROTOCOL_3 = 196_608;

export const postgres: ServerKind = {
  title: "PostgreSQL",
  debianPackage: "postgresql",
  standardPort: 5432,
  url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
  greeting: { hello: startupMessage(), judge: isLetIn },
  binary: () => find("postgres"),
  async start(dir, { port: wanted, settings: more = [] } = {}) {
    const port = wanted ?? (await freePort());
    const data = join(dir, "data");
    const identity = identityOf("postgres");
    if (!existsSync(data)) {
      mkdirSync(data);
      giveTo(identity, dir);
      giveTo(identity, data);
      const initArgs = ["-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"];
      prepare({ binary: find("initdb") ?? "initdb", args: initArgs, dir, identity });
    }
    const settings = ["listen_addresses=127.0.0.1", `port=${port}`, `unix_socket_directories=${dir}`];
    const args = ["-D", data, ...settings.flatMap((setting) => ["-c", setting]), ...more];
    return await startServer(postgres, port, { binary: find("postgres") ?? "postgres", args, dir, identity });
  },
};

function find(name: string): string | undefined {
  return findBinary(name, versionFolders("/usr/lib/postgresql"));
}

function startupMessage(): Buffer {
  const fields = Buffer.from("user\0postgres\0database\0postgres\0\0");
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + fields.length, 0);
  head.writeInt32BE(PROTOCOL_3, 4);
  return Buffer.concat([head, fields]);
}

/** The first answer asks for authentication, and 0 says that none is needed. Later ones may still be an error. */
function isLetIn(received: Buffer): boolean | undefined {
  if (received.length < 9) return received.toString().startsWith("E") ? false : undefined;
  if (received.toString("latin1", 0, 1) !== "R" || received.readInt32BE(5) !== 0) return false;
  if (received.length === 9) return undefined;
  return received.toString("latin1", 9, 10) !== "E";
}
