import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { fail } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";
import { childrenOf, kill, TestPool } from "../support/test-pool.ts";

const MANY = 5_000_000;

/** Prints when it is told to, then says with which exit status, and stays. */
const program = (folder: string, name: string, print: string) => `
  until [ -e ${folder}/go ]; do sleep 0.05; done
  echo > ${folder}/${name}.begun
  ${print} && echo${name === "2" ? " >&2" : ""}
  echo $? > ${folder}/${name}.status
  while :; do sleep 1; done
`;

const PRINTS = {
  "x at once": `/bin/sh -c "head -c ${MANY} /dev/zero | tr '\\\\0' x"`,
  "y by Python": `python3 -c "print('y' * ${MANY}, end='', flush=True)"`,
  "z to the error output": `/bin/sh -c "head -c ${MANY} /dev/zero | tr '\\\\0' z" >&2`,
};

async function start(prints: readonly string[]) {
  const pool = await TestPool.create({ workers: {} });
  const { folder } = pool;
  const groups = prints.map((print, place) => {
    const command = ["/bin/sh", "-c", program(folder, `${place}`, print)];
    return [`exec${place}`, { count: 1, exec: { command, ready: "10ms", drain: "TERM" } }] as const;
  });
  const log = { stdout: join(folder, "out.log"), stderr: join(folder, "err.log") };
  pool.configure({ workers: { ...Object.fromEntries(groups), work: 1 }, config: { log } });
  pool.startManager();
  await pool.ready(1);
  const text = (file: keyof typeof log) => readFileSync(log[file], "utf8");
  const size = (file: keyof typeof log) => statSync(log[file]).size;
  const pump = () =>
    eventually("a pump runs", () =>
      childrenOf(pool.managerPid).find((pid) => commandOf(pid).includes("log")),
    );
  const statuses = () =>
    prints.map((_, place) => join(folder, `${place}.status`)).map((file) => existsSync(file) && read(file));
  return { pool, text, size, pump, statuses, go: () => writeFileSync(join(folder, "go"), "") };
}

const read = (file: string) => readFileSync(file, "utf8").trim();
const commandOf = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, "latin1");
const count = (text: string, letter: string) => text.split(letter).length - 1;

it("programs that print megabytes at once are held up by a slow log, and never told off", async () => {
  const { pool, text, size, pump, statuses, go } = await start(Object.values(PRINTS));
  await using _pool = pool;
  const pid = await pump();
  // Workers of ours make their own end non-blocking when they print.
  await pool.client.enqueue(fail, {});
  await eventually("a worker has printed", () => text("stderr").includes("job failed"));

  process.kill(pid, "SIGSTOP");
  go();
  await eventually("all have begun", () =>
    [0, 1, 2].every((place) => existsSync(join(pool.folder, `${place}.begun`))),
  );
  await pool.client.enqueue(fail, {});
  expect(statuses()).toEqual([false, false, false]);
  process.kill(pid, "SIGCONT");

  await eventually("all are done", () => statuses().every((status) => status !== false));
  expect(statuses()).toEqual(["0", "0", "0"]);
  await eventually(
    () => `all is written: ${size("stdout")} ${size("stderr")}`,
    () => size("stdout") >= 2 * MANY + 2 && size("stderr") > MANY && text("stderr").includes("z\n"),
  );
  expect(text("stdout").replaceAll(/[xy\n]/g, "")).toBe("");
  expect([count(text("stdout"), "x"), count(text("stdout"), "y")]).toEqual([MANY, MANY]);
  expect(count(text("stderr"), "z")).toBeGreaterThanOrEqual(MANY);
  expect(`${text("stdout")}${text("stderr")}`).not.toMatch(/EAGAIN|temporarily unavailable/);
});

it("another pump takes the place of one that died, and the workers go on writing", async () => {
  const { pool, text, size, pump, statuses, go } = await start([PRINTS["x at once"]]);
  await using _pool = pool;
  const before = (await pool.members()).map(({ pid }) => pid);
  const pid = await pump();
  process.kill(pid, "SIGSTOP");
  go();
  await eventually("it has begun", () => existsSync(join(pool.folder, "0.begun")));
  kill(pid);

  await eventually("it is said", () => text("stderr").includes("the process that writes the logs ended"));
  await eventually("all is written", () => size("stdout") === MANY + 1);
  await eventually("it is done", () => statuses()[0] === "0");
  expect(await pump()).not.toBe(pid);
  expect((await pool.members()).map((member) => member.pid)).toEqual(before);
});
