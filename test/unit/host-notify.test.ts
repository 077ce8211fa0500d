import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Notifier, withoutNotify } from "../../src/pool/host/notify.ts";
import { eventually } from "../support/eventually.ts";

/** As systemd does: each datagram becomes a line of JSON. */
const RECEIVER = `
import json, os, socket, sys
name = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(chr(0) + name[1:] if name[0] == "@" else name)
print("ready", flush=True)
while True: print(json.dumps(s.recv(65536).decode()), flush=True)
`;

/** As systemd-notify does, for it is not everywhere. */
const SENDER = `#!/usr/bin/env python3
import os, socket, sys
name = os.environ["NOTIFY_SOCKET"]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto("\\n".join(sys.argv[1:]).encode(), chr(0) + name[1:] if name[0] == "@" else name)
`;

let folder: string;
let receiver: ChildProcessWithoutNullStreams | undefined;
let received: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ganger-notify-"));
  received = [];
});
afterEach(async () => {
  if (receiver !== undefined) {
    receiver.kill("SIGKILL");
    await once(receiver, "close");
  }
  receiver = undefined;
  rmSync(folder, { recursive: true });
});

async function listen(path: string) {
  writeFileSync(join(folder, "systemd-notify"), SENDER, { mode: 0o755 });
  const program = spawn("python3", ["-c", RECEIVER, path]);
  receiver = program;
  let text = "";
  program.stdout.on("data", (bytes: Buffer) => {
    text += bytes.toString();
    received = text
      .split("\n")
      .slice(1, -1)
      .map((line) => JSON.parse(line));
  });
  await once(program.stdout, "data");
  return { PATH: `${folder}:${process.env["PATH"]}`, NOTIFY_SOCKET: path };
}

const some = <Value>(value: Value | undefined): Value => {
  if (value === undefined) throw new Error("there is none");
  return value;
};

describe("a notifier", () => {
  it("is not there without somebody to notify", () => {
    expect(Notifier.from({})).toBeUndefined();
    expect(Notifier.from({ NOTIFY_SOCKET: "" })).toBeUndefined();
  });

  it.each([
    ["a socket with a name", () => join(folder, "notify")],
    ["an abstract one", () => `@${folder}/notify`],
  ])("sends to %s, one after the other", async (_, path) => {
    const notifier = some(Notifier.from(await listen(path())));
    notifier.ready("3 workers");
    notifier.status("first");
    notifier.status("second\n  line\r\nREADY=1");
    notifier.reloading();
    notifier.stopping();
    await notifier.sent;
    await eventually("all came", () => received.length === 4);

    expect(received).toEqual([
      `READY=1\nMAINPID=${process.pid}\nSTATUS=3 workers`,
      "STATUS=second line READY=1",
      expect.stringMatching(/^RELOADING=1\nMONOTONIC_USEC=\d+$/),
      "STOPPING=1",
    ]);
    const uptime = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
    const told = Number(received[2]?.split("=").at(-1)) / 1e6;
    expect(Math.abs(uptime - told)).toBeLessThan(5);
  });

  it("uses an addon where there is one", () => {
    const told: string[] = [];
    const native = { notify: (path: string, text: string) => void told.push(`${path}: ${text}`) };
    const notifier = some(Notifier.from({ NOTIFY_SOCKET: "@x" }, { native }));
    notifier.status("fine");
    notifier.stopping();

    expect(told).toEqual(["@x: STATUS=fine", "@x: STOPPING=1"]);
  });

  it("warns once when nobody can be told", async () => {
    const warnings: string[] = [];
    const warn = (message: string) => warnings.push(message);
    const lonely = some(Notifier.from({ PATH: folder, NOTIFY_SOCKET: "/none" }, { warn }));
    lonely.ready("");
    lonely.stopping();
    await lonely.sent;
    expect(warnings).toEqual([expect.stringMatching(/\/none .*ENOENT/)]);

    writeFileSync(join(folder, "systemd-notify"), "#!/bin/sh\necho refused >&2\nexit 1\n", { mode: 0o755 });
    const refused = some(Notifier.from({ PATH: folder, NOTIFY_SOCKET: "/none" }, { warn }));
    refused.stopping();
    await refused.sent;
    expect(warnings[1]).toContain("refused");
  });
});

const start = (env: Record<string, string>, isAlive = () => true) => {
  const told: string[] = [];
  const native = { notify: (_: string, text: string) => void told.push(text) };
  const notifier = some(Notifier.from({ NOTIFY_SOCKET: "/x", ...env }, { native }));
  return { told, watchdog: notifier.startWatchdog(isAlive) };
};

describe("the watchdog", () => {
  it("is fed for as long as we are alive", async () => {
    let isAlive = true;
    let asked = 0;
    const { told, watchdog } = start({ WATCHDOG_USEC: "20000", WATCHDOG_PID: `${process.pid}` }, () => {
      asked++;
      return isAlive;
    });
    using _ = watchdog;
    await eventually("it is fed", () => told.length >= 2);
    isAlive = false;
    const [fed, then] = [told.length, asked];
    await eventually("it is asked", () => asked > then + 2);

    expect(told).toHaveLength(fed);
    expect(new Set(told)).toEqual(new Set(["WATCHDOG=1"]));
  });

  it("is fed twice in the time that is allowed", () => {
    vi.useFakeTimers();
    try {
      const { told, watchdog } = start({ WATCHDOG_USEC: "20000000" });
      using _ = watchdog;
      vi.advanceTimersByTime(9_999);
      expect(told).toEqual([]);
      vi.advanceTimersByTime(10_001);
      expect(told).toEqual(["WATCHDOG=1", "WATCHDOG=1"]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("is not ours to feed without a limit, or when it watches another", () => {
    expect(start({}).watchdog).toBeUndefined();
    expect(start({ WATCHDOG_USEC: "x" }).watchdog).toBeUndefined();
    expect(start({ WATCHDOG_USEC: "0" }).watchdog).toBeUndefined();
    expect(start({ WATCHDOG_USEC: "20000", WATCHDOG_PID: "1" }).watchdog).toBeUndefined();
  });
});

it("workers hear nothing of the service manager", () => {
  const env = { PATH: "/bin", NOTIFY_SOCKET: "/x", WATCHDOG_USEC: "1", WATCHDOG_PID: "2" };

  expect(withoutNotify(env)).toEqual({ PATH: "/bin" });
});
