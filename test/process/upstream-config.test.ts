import { renameSync } from "node:fs";
import { connect } from "ganger";
import { describe, expect, it } from "vitest";
import { noop } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";
import { type Env, PoolFolder } from "../support/pool-folder.ts";

const RESQUE = "foo: 1\nproduction:\n  bar: 2\n";

describe("a file of resque-pool", () => {
  it.each<[Env, string]>([
    [{ RACK_ENV: "production" }, "3 workers"],
    [{ RAILS_ENV: "production" }, "3 workers"],
    [{ RESQUE_ENV: "production" }, "3 workers"],
    [{ RESQUE_ENV: "staging" }, "1 worker"],
    [{}, "shop in development: 1 worker"],
  ])("is of the environment that the process has: %j", async (env, expected) => {
    await using folder = new PoolFolder({ "config/resque-pool.yml": RESQUE });
    const { out } = await folder.run(["check"], env);
    expect(out).toContain(expected);
  });

  it("by GANGER_CONFIG, filled in from the environment, makes the pool that it says", async () => {
    await using folder = new PoolFolder({
      "etc/own.yml": "foo: ${FOO:-1}\nbar: ${BAR:-1}\nproduction:\n  foo: 0\n",
    });
    const pool = folder.start(["start", "-E", "production"], { GANGER_CONFIG: "etc/own.yml", BAR: "2" });
    await pool.says("worker ready", 2);
    expect(pool.log.match(/started manager .*workers=2/)).not.toBeNull();
    pool.child.kill("SIGQUIT");
    expect(await pool.ended()).toBe(0);
    expect(pool.log.match(/worker ended .*queues=bar code=0/g)).toHaveLength(2);
  });
});

/** Answers, as code, what is in a file, and notes each reset. */
const LOADER = `
  import { appendFileSync, readFileSync } from "node:fs";
  const answer = () => readFileSync(import.meta.dirname + "/answer", "utf8");
  const load = (environment) => new Function("environment", answer())(environment);
  const reset = () => appendFileSync(import.meta.dirname + "/resets", "reset\\n");
  export default { app: "shop", workers: Object.assign(load, { reset }) };
`;

const answer = (list: string, count: number) => `return { [${list}]: { exec: "sleep 60", count: ${count} } }`;

describe("a loader", () => {
  it("is asked with the environment and polled; one that throws is survived, and HUP resets it", async () => {
    await using folder = new PoolFolder({ "ganger.mjs": LOADER, answer: answer("environment", 1) });
    const say = (text: string) => {
      folder.write("next", text);
      // In one step, as it may be read at any time.
      renameSync(folder.file("next"), folder.file("answer"));
    };
    const pool = folder.start(["start", "-E", "live", "--json-logs"]);
    await pool.says('"queues":"live","msg":"worker ready"');

    say(answer("environment", 2));
    await pool.says("worker ready", 2);
    say("throw new Error('the database is away')");
    await pool.says("the database is away");
    expect(pool.log).not.toContain("worker ended");
    say(answer("environment + 2", 1));
    await pool.says('"queues":"live2","msg":"worker ready"');

    expect(folder.read("resets")).toBe("reset\n");
    say("throw new Error('still away')");
    pool.child.kill("SIGHUP");
    await pool.says("the configuration was not taken up");
    expect(folder.read("resets")).toBe("reset\nreset\n");
    say(answer("environment + 3", 1));
    await pool.says('"queues":"live3","msg":"worker ready"');

    pool.child.kill("SIGTERM");
    expect(await pool.ended()).toBe(0);
    // Whoever reads the log as JSON can read all of it.
    const entries = pool.log
      .split("\n")
      .slice(0, -1)
      .map((line): unknown => JSON.parse(line));
    expect(entries).toContainEqual(
      expect.objectContaining({ level: "error", what: "loader", reason: expect.stringContaining("away") }),
    );
  });
});

/** Notes each call of a hook with what it is told, and does what `then` says. */
const hooks = (then: string) => `
  import { appendFileSync } from "node:fs";
  const plain = (it) => (it?.signal === undefined ? it : { id: it.id, name: it.name });
  const note = (name) => (...all) => {
    const told = all.map(plain);
    appendFileSync(import.meta.dirname + "/notes", JSON.stringify({ name, pid: process.pid, told }) + "\\n");
    ${then}
  };
  const names = ["beforeFork", "afterFork", "afterSpawn", "beforeJob", "afterJob", "onShutdown", "onInfo"];
  export default Object.fromEntries(names.map((name) => [name, note(name)]));
`;

interface Note {
  readonly name: string;
  readonly pid: number;
  readonly told: readonly unknown[];
}

describe("hooks in a running pool", () => {
  it.each([
    ["are called with what they are about", ""],
    ["do no harm when they throw", "throw new Error('a bad ' + name);"],
  ])("%s", async (_, then) => {
    const file = "broker: sqlite:./ganger.db\nhooks: ./hooks.mjs\nworkers: { work: 1 }";
    await using folder = new PoolFolder({ "ganger.yml": file, "hooks.mjs": hooks(then) });
    const notes = () =>
      folder
        .read("notes")
        .split("\n")
        .slice(0, -1)
        .map((line): Note => JSON.parse(line));
    const noted = (name: string) =>
      eventually(
        () => `${name} is noted\n${pool.log}`,
        () => notes().find((note) => note.name === name),
      );
    const pool = folder.start();
    await noted("afterSpawn");
    await using client = await connect(`sqlite:${folder.file("ganger.db")}`);
    const id = await client.enqueue(noop, { n: 1 });
    const { pid, told } = await noted("afterJob");
    pool.child.kill("SIGIO");
    await noted("onInfo");
    pool.child.kill("SIGTERM");
    expect(await pool.ended()).toBe(0);

    const names = notes().map(({ name }) => name);
    expect(new Set(names.slice(0, 3))).toEqual(new Set(["beforeFork", "afterFork", "afterSpawn"]));
    expect(names.slice(3)).toEqual(["beforeJob", "afterJob", "onInfo", "onShutdown"]);
    expect(told[0]).toEqual({ id, name: "noop" });
    const worker = { pid, queues: "work", holder: expect.stringContaining(`:${pid}:`) };
    expect((await noted("afterFork")).told).toEqual([{ ...worker, app: "shop", environment: "development" }]);
    expect((await noted("afterSpawn")).told).toEqual([worker]);
    expect((await noted("onInfo")).told).toMatchObject([{ app: "shop", state: "running" }]);
    expect((await noted("onInfo")).pid).not.toBe(pool.pid);
    expect(await client.broker.inspect?.find(id)).toMatchObject({ state: "completed", attempts: 0 });
    for (const name of then === "" ? [] : names) expect(pool.log).toContain(`a bad ${name}`);
  });
});
