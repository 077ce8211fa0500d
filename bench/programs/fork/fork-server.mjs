import { Socket } from "node:net";
import { quiet, serve } from "ganger-fork";
import { live } from "./life.mjs";

/** A fork server that has loaded the application: `fork-server.mjs MODULE SOCKET`. Its children are lives. */
const [module, path] = process.argv.slice(2);
const app = await import(module);
const link = { parentFd: 3, readyFd: 3 };
await quiet(link);
const { sockets } = serve(path, link);

const socket = new Socket({ fd: sockets[0] });
live(
  app,
  (word) => socket.write(`${JSON.stringify(word)}\n`),
  (obey) => socket.on("data", (line) => obey(JSON.parse(line))),
);
socket.on("end", () => process.exit());
