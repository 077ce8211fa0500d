import { randomBytes } from "node:crypto";
import { openBroker } from "../../src/broker/connect.ts";
import { deleteKeys } from "../support/redis-keys.ts";
import { service } from "../support/services.ts";
import { runConformance } from "./run.ts";

const { url: server, unavailable } = await service("redis");

runConformance("redis", {
  unavailable,
  async open() {
    const prefix = `test-${randomBytes(6).toString("hex")}`;
    const url = `${server}?prefix=${prefix}`;
    const broker = await openBroker(url);
    return {
      broker,
      reopen: () => openBroker(url),
      async [Symbol.asyncDispose]() {
        await broker[Symbol.asyncDispose]();
        await deleteKeys(server, prefix);
      },
    };
  },
});
