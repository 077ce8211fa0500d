import { constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { toFailure } from "../../ipc/failure.ts";
import { toParent } from "../../ipc/link.ts";
import { LineWriter } from "./line-writer.ts";
import { LogFile } from "./log-file.ts";
import type { FromLogPump, ToLogPump } from "./log-pump.ts";

/** `log-pump-main STDOUT STDERR`: copies what it is told to read to files, either of which may be left empty. */
const [stdout = "", stderr = ""] = process.argv.slice(2);
const paths = { stdout, stderr };
const files = new Map([stdout, stderr].filter(Boolean).map((path) => [path, new LogFile(path)]));
let open = 0;
let isLast = false;
const link = toParent<ToLogPump, FromLogPump>((message) => {
  if (message.type === "reopen") reopen();
  if (message.type === "close") last();
  if (message.type === "read") read(message);
});

process.title = "ganger: log";
process.on("SIGHUP", reopen);
// It ends when everybody has said his last word, and not before.
for (const signal of ["SIGINT", "SIGTERM", "SIGQUIT"] as const) process.on(signal, () => undefined);
void link.closed.then(last);

function last(): void {
  isLast = true;
  if (open === 0) process.exit();
}

function read({ id, stream, path }: Extract<ToLogPump, { type: "read" }>): void {
  const file = files.get(paths[stream]);
  if (file === undefined) return;
  const writer = new LineWriter((bytes) => file.write(bytes));
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const source = new Socket({ fd, readable: true, writable: false });
  open++;
  link.send({ type: "reads", id });
  source.on("data", (bytes: Buffer) => writer.write(bytes));
  source.on("error", () => source.destroy());
  source.once("close", () => {
    writer.flush();
    open--;
    link.send({ type: "ended", id });
    if (isLast && open === 0) process.exit();
  });
}

function reopen(): void {
  const reopened: string[] = [];
  for (const file of files.values()) {
    try {
      if (file.reopen() === "reopened") reopened.push(file.path);
    } catch (error) {
      link.send({ type: "failed", failure: toFailure(error) });
    }
  }
  link.send({ type: "reopened", files: reopened });
}
