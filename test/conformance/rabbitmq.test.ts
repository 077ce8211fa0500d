import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { afterAll } from "vitest";
import { openBroker } from "../../src/broker/connect.ts";
import { LIMITS } from "../../src/testing/conformance/limits.ts";
import { deleteQueues } from "../support/rabbitmq-queues.ts";
import { runDir } from "../support/run-dir.ts";
import { service } from "../support/services.ts";
import { runConformance } from "./run.ts";

const { url: server, unavailable } = await service("rabbitmq");
const prefix = `t${process.pid}`;
/** Documents are kept by a second broker. */
const store = `sqlite:${join(mkdtempSync(join(runDir(), "documents-")), "store.db")}?synchronous=off`;
const url = `${server}?prefix=${prefix}&store=${encodeURIComponent(store)}`;

runConformance("rabbitmq", {
  unavailable,
  async open() {
    const broker = await openBroker(url);
    return {
      broker,
      reopen: () => openBroker(url),
      async [Symbol.asyncDispose]() {
        await broker[Symbol.asyncDispose]();
      },
    };
  },
  exceptions: LIMITS["rabbitmq"] ?? {},
});

/** Nobody is to find hundreds of queues on a server that is not the tests' own. */
afterAll(async () => {
  if (unavailable === undefined) await deleteQueues(server, prefix);
});
