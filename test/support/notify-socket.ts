import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { onTestFinished } from "vitest";
import { eventually } from "./eventually.ts";

const PROGRAM = `
import socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
while True:
    text = listener.recv(65536).decode()
    with open(sys.argv[2], "a") as said:
        said.write(text.replace("\\n", " ") + "\\n")
`;

/** Listens as systemd does, and writes each message into a line of a file. */
export async function listenForNotifications(socket: string, file: string): Promise<void> {
  const listener = spawn("python3", ["-c", PROGRAM, socket, file], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  onTestFinished(() => void listener.kill("SIGKILL"));
  await eventually("somebody listens", () => existsSync(socket));
}
