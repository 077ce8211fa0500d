import { setTimeout as delay } from "node:timers/promises";
import { openBroker } from "ganger";
import { expect, it, vi } from "vitest";
import { eventually } from "./eventually.ts";
import { FaultScene } from "./fault-scene.ts";
import { Proxy } from "./proxy.ts";
import type { PrivateServer } from "./servers/private-server.ts";

const isLong = process.env["GANGER_TEST_LONG"] !== undefined;
export const PAUSE_MS = isLong ? 20_000 : 2500;
/** Work must go on within this long after a fault is over. */
export const BACK_MS = 5000;
/** Longer than a pause: who keeps its claims over it repeats no job. */
const TTL = "30s";

type Fault = () => Promise<void>;

/** A server of the test's own, and a network to it that can fail. */
export interface FaultPlace {
  readonly server: () => PrivateServer;
  readonly proxy: () => Proxy;
  /** A place that nobody has used yet, by way of this port. */
  readonly nextUrl: (port: number, parameters?: string) => string;
  /** With what the server is started again. */
  readonly settings: readonly string[];
  /** What befalls this kind of server alone, or otherwise than others. */
  readonly faults: Readonly<Record<string, Fault>>;
}

/** A client and two workers on a place of their own, through the network that can fail. */
export function startScene({ proxy, nextUrl }: FaultPlace, parameters = ""): Promise<FaultScene> {
  const url = nextUrl(proxy().port, parameters);
  return FaultScene.start([url, url, url], TTL);
}

/** Tests what every store on a server has to bear. */
export function testCommonFaults(place: FaultPlace): void {
  const { server, proxy, nextUrl } = place;
  const faults = { ...common(place), ...place.faults };

  it.each(Object.keys(faults))("goes on within 5 s after %s, and loses nothing", async (name) => {
    await using stage = await startScene(place);
    stage.produce();
    await stage.worksWithin(BACK_MS);
    await faults[name]?.();
    await stage.worksWithin(BACK_MS);
    await stage.everythingRan();
  });

  it("gives up half-open connections, and goes on when the network does", async () => {
    await using stage = await startScene(place, "&timeout=1s");
    stage.produce();
    await stage.worksWithin(BACK_MS);
    proxy().swallow();
    await eventually("a call is given up", () => stage.refused > 0, 8000);
    proxy().pass();
    proxy().cut();

    await stage.worksWithin(BACK_MS);
    await stage.everythingRan();
  });

  it("goes by the server's clock, whatever the client's says", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
    try {
      await using stage = await startScene(place);
      const job = { queue: "work", name: "count", payload: '{"n":1}', delayMs: 60_000 };
      const [late = ""] = await stage.client.broker.enqueue([job]);
      await stage.worksWithin(BACK_MS);

      const { maintenance, inspect } = stage.client.broker;
      expect(await maintenance?.rescue()).toEqual([]);
      const { moved, nextInMs = 0 } = (await maintenance?.due()) ?? {};
      expect([moved, nextInMs > 30_000 && nextInMs <= 60_000]).toEqual([0, true]);
      expect(await inspect?.find(late)).toMatchObject({ state: "scheduled" });
    } finally {
      vi.useRealTimers();
    }
  });

  it("moves the jobs of a host that is cut off, and refuses what it says of them later", async () => {
    const { port } = server();
    await using own = await Proxy.start(port);
    const near = nextUrl(port, "&timeout=1s");
    await using stage = await FaultScene.start([near, near], "1s");
    await using broker = await openBroker(near.replace(`:${port}`, `:${own.port}`));
    const holder = { holder: "elsewhere:1:cut-off", queues: "work" };
    await broker.heartbeat([holder], 500);
    const [id = ""] = await stage.client.broker.enqueue([{ queue: "alone", name: "count", payload: "1" }]);
    const [claim] = await broker.claim({ queues: ["alone"], limit: 1, holder: holder.holder });
    expect(claim?.id).toBe(id);
    own.swallow();
    await expect(broker.heartbeat([holder], 500)).rejects.toMatchObject({
      code: "GANGER_BROKER_UNREACHABLE",
    });

    await eventually("the job is free again", async () => {
      await stage.client.broker.maintenance?.rescue();
      return (await stage.client.broker.inspect?.find(id))?.state === "waiting";
    });
    own.pass();
    own.cut();
    const outcome = { id, token: claim?.token ?? 0, kind: "completed" as const };
    const settled = await eventually("the late outcome is answered", () =>
      broker.settle([outcome]).then(
        (answer) => answer.settled,
        () => undefined,
      ),
    );
    expect(settled).toEqual([false]);
    expect(await stage.client.broker.inspect?.find(id)).toMatchObject({ state: "waiting", crashes: 1 });
  });
}

function common({ server, proxy, settings }: FaultPlace): Readonly<Record<string, Fault>> {
  return {
    "a restart": async () => {
      await server().stop();
      await server().start(settings);
    },
    "a SIGKILL of the server": async () => {
      await server().kill();
      await server().start(settings);
    },
    "a pause of the server": async () => {
      server().pause();
      await delay(PAUSE_MS);
      server().resume();
    },
    "connections that are cut one by one": async () => {
      for (let n = 0; n < 12; n++) {
        proxy().cut(1);
        await delay(40);
      }
    },
    "connections that are cut all at once": async () => proxy().cut(),
  };
}
