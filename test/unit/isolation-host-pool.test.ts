import { describe, expect, it } from "vitest";
import { HostPool, type HostPoolOptions } from "../../src/worker/isolation/host-pool.ts";
import { fakeLaunch, fakeRun } from "../support/fake-hosts.ts";
import { poll } from "../support/workshop.ts";

function open(options: Partial<HostPoolOptions> = {}) {
  const { launch, hosts } = fakeLaunch();
  const pool = new HostPool({ launch, broker: { name: "fake", url: undefined }, warm: 0, ...options });
  /** Has a job run; answers what becomes of it. */
  const give = (id: string) => {
    const { run, outcomes } = fakeRun(id);
    pool.execute(run, (_, outcome) => outcomes.push(outcome));
    return outcomes;
  };
  const jobs = () => hosts.map((host) => host.jobs);
  return { pool, hosts, give, jobs };
}

describe("a pool of hosts", () => {
  it("gives each run a host of its own, and the next one that which was freed last", async () => {
    const { hosts, give, jobs } = open();
    const runs = [give("a"), give("b")];
    hosts[0]?.completes();
    await poll(() => runs[0]?.length).toBe(1);
    hosts[1]?.completes();
    await poll(() => runs[1]?.length).toBe(1);
    give("c");
    give("d");
    give("e");

    expect(jobs()).toEqual([["a", "d"], ["b", "c"], ["e"]]);
  });

  it("keeps as many ahead as it should, and prefers those that have run something", async () => {
    const { pool, hosts, give, jobs } = open({ warm: 1 });
    pool.warmUp();
    pool.warmUp();
    expect(jobs()).toEqual([[]]);
    const first = give("a");
    expect(jobs()).toEqual([["a"], []]);
    hosts[0]?.completes();
    await poll(() => first.length).toBe(1);
    give("b");

    expect(jobs()).toEqual([["a", "b"], []]);
  });

  it("lets a host go after so many runs", async () => {
    const { hosts, give, jobs } = open({ maxJobs: 2 });
    for (const id of ["a", "b", "c"]) {
      const outcomes = give(id);
      hosts.at(-1)?.completes();
      await poll(() => outcomes.length).toBe(1);
    }

    expect(jobs()).toEqual([["a", "b"], ["c"]]);
    expect(hosts.map((host) => host.wasEnded)).toEqual([true, false]);
  });

  it("gives nothing to a host that went away while it had nothing to do", () => {
    const { pool, hosts, give, jobs } = open({ warm: 1 });
    pool.warmUp();
    hosts[0]?.exits("with SIGKILL");
    give("a");

    expect(jobs()[0]).toEqual([]);
    expect(jobs()[1]).toEqual(["a"]);
  });

  it("settles each run, whatever becomes of the hosts of others", async () => {
    const { hosts, give } = open();
    const [bad, good] = [give("bad"), give("good")];
    for (const host of hosts) host.says({ type: "ready" });
    hosts[0]?.exits("with SIGSEGV");
    hosts[1]?.completes();
    await poll(() => good.length).toBe(1);

    expect([bad[0]?.kind, good[0]?.kind]).toEqual(["crashed", "completed"]);
  });

  it("kills all of them when it is closed, and starts no more", async () => {
    const { pool, hosts, give } = open({ warm: 1 });
    const outcomes = give("a");
    pool[Symbol.dispose]();
    expect(hosts.map((host) => host.wasKilled)).toEqual([true, true]);
    hosts[0]?.completes();
    await poll(() => outcomes.length).toBe(1);
    pool.warmUp();

    expect(hosts).toHaveLength(2);
  });
});
