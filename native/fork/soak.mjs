// 20,000 forks from an application of some size, each doing one kind of work in turn:
//   node soak.mjs [path of a node binary] [forks]
// Connections to Redis are among the work where one listens (REDIS_PORT, 6379). Prints a line every 1,000 forks; exit code 1
// when anything failed, hung or was left behind.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ForkClient, serverFlags } from "./lib/index.js";

const [node = process.execPath, forks = "20000"] = process.argv.slice(2);
const total = Number(forks);
const hungAfterMs = 120_000;

const redisPort = process.env.REDIS_PORT ?? "6379";
const redis = connect(Number(redisPort), "127.0.0.1");
const hasRedis = await Promise.race([once(redis, "connect"), once(redis, "close")]).then(
  () => true,
  () => false,
);
redis.destroy();
if (!hasRedis) console.log(`no Redis listens at port ${redisPort}: connections to it are left out`);

const dir = mkdtempSync(join(tmpdir(), "ganger-fork-soak-"));
const path = join(dir, "fork.sock");
const program = join(import.meta.dirname, "test/fixtures/heavy-server.mjs");
const server = spawn(node, [...serverFlags(), program, path, JSON.stringify({ parentFd: 3, readyFd: 3 })], {
  stdio: ["ignore", "inherit", "inherit", "pipe"],
  env: { ...process.env, REDIS_PORT: hasRedis ? redisPort : "" },
});
const ended = once(server, "exit");
await once(server.stdio[3], "data");
const client = await ForkClient.connect(path);

const memory = () =>
  Number(/^Anonymous:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/smaps_rollup`, "utf8"))[1]);
const descriptors = () => readdirSync(`/proc/${server.pid}/fd`).length;

let next = 0;
const wrong = [];
const began = performance.now();
let first;

async function line() {
  while (next < total) {
    const turn = next++;
    const child = await client.fork(JSON.stringify({ run: "oneOfAll", turn }));
    const late = setTimeout(() => void child.kill("SIGKILL"), hungAfterMs);
    const { code, signal } = await child.exited;
    clearTimeout(late);
    if (code !== 0) wrong.push({ turn, code, signal });
    if (turn % 1_000 === 999) report(turn + 1);
  }
}

function report(done) {
  const now = { memory: memory(), descriptors: descriptors() };
  first ??= now;
  const rate = (done / (performance.now() - began)) * 1_000;
  console.log(
    `${done} forks, ${rate.toFixed(0)}/s, server ${now.memory} kB, ${now.descriptors} descriptors, ${wrong.length} failed`,
  );
}

await Promise.all([line(), line()]);
const children = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, "utf8").trim();
const { memory: lastMemory, descriptors: lastDescriptors } = { memory: memory(), descriptors: descriptors() };
const grown = lastMemory - first.memory;
await client.shutdown();
const [code] = await ended;
rmSync(dir, { recursive: true, force: true });
console.log(
  JSON.stringify({ node, total, failed: wrong.slice(0, 10), children, grownKb: grown, serverExit: code }),
);
const isFlat = grown < 1_024 && lastDescriptors === first.descriptors;
process.exitCode = wrong.length === 0 && children === "" && isFlat && code === 0 ? 0 : 1;
