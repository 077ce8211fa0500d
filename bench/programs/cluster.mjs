import cluster from "node:cluster";
import Database from "better-sqlite3";

/** The least that can be called a pool: so many processes of Node.js' own `cluster`, each with the database open: `cluster.mjs FILE COUNT`. */
const [file, count] = process.argv.slice(2);

if (cluster.isPrimary) lead(Number(count));
else work();

function lead(workers) {
  let left = workers;
  let ready = 0;
  cluster.on("message", () => {
    if (++ready === workers) process.stdout.write(`${JSON.stringify({ msg: "all ready" })}\n`);
  });
  cluster.on("exit", () => {
    if (--left === 0) process.exit();
  });
  process.on("SIGTERM", () => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill("SIGTERM");
  });
  for (let started = 0; started < workers; started++) cluster.fork();
}

function work() {
  const database = new Database(file);
  database.pragma("journal_mode = wal");
  database.prepare("select count(*) from sqlite_schema").get();
  process.on("SIGTERM", () => {
    database.close();
    process.exit();
  });
  process.send("ready");
}
