import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findBinary, freePort, giveTo, identityOf, prepare, type ServerKind, startServer } from "./server.ts";

const PROTOCOL_41 = 0x200;
const SECURE_CONNECTION = 0x8000;
const PLUGIN_AUTH = 0x80000;
const UTF8MB4 = 45;

export const mysql: ServerKind = {
  title: "MySQL or MariaDB",
  debianPackage: "mariadb-server",
  standardPort: 3306,
  url: (port) => `mysql://root@127.0.0.1:${port}/test`,
  greeting: { judge: logIn },
  binary: () => (findBinary("mariadb-install-db") === undefined ? undefined : findBinary("mariadbd")),
  async start(dir, { port: wanted, settings = [] } = {}) {
    const port = wanted ?? (await freePort());
    const data = join(dir, "data");
    const identity = identityOf("mysql");
    const first = join(dir, "first.sql");
    const common = ["--no-defaults", `--datadir=${data}`];
    if (!existsSync(data)) {
      mkdirSync(data);
      giveTo(identity, dir);
      giveTo(identity, data);
      writeFileSync(first, "create database if not exists test;\n");
      const installArgs = [...common, "--auth-root-authentication-method=normal", "--skip-test-db"];
      const binary = findBinary("mariadb-install-db") ?? "mariadb-install-db";
      prepare({ binary, args: installArgs, dir, identity });
    }
    const args = [
      ...common,
      "--bind-address=127.0.0.1",
      `--port=${port}`,
      `--socket=${join(dir, "socket")}`,
      `--pid-file=${join(dir, "pid")}`,
      `--init-file=${first}`,
      ...settings,
    ];
    return await startServer(mysql, port, { binary: mysql.binary() ?? "mariadbd", args, dir, identity });
  },
};

/** Answers the server's greeting as root without a password; it says OK (0) or that more is asked for. */
function logIn(received: Buffer): boolean | Buffer | undefined {
  const greetingEnd = packetEnd(received, 0);
  if (greetingEnd === undefined) return undefined;
  if (received[4] !== 10) return false;
  const answerEnd = packetEnd(received, greetingEnd);
  if (answerEnd !== undefined) return received[greetingEnd + 4] === 0;
  return received.length > greetingEnd ? undefined : loginPacket();
}

function packetEnd(received: Buffer, start: number): number | undefined {
  if (received.length < start + 4) return undefined;
  const end = start + 4 + received.readUIntLE(start, 3);
  return end <= received.length ? end : undefined;
}

function loginPacket(): Buffer {
  const head = Buffer.alloc(36);
  head.writeUInt8(1, 3);
  head.writeUInt32LE(PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH, 4);
  head.writeUInt32LE(1 << 24, 8);
  head.writeUInt8(UTF8MB4, 12);
  const packet = Buffer.concat([head, Buffer.from("root\0\0mysql_native_password\0")]);
  packet.writeUIntLE(packet.length - 4, 0, 3);
  return packet;
}
