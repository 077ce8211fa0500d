import { openBroker } from "../../src/broker/connect.ts";
import { service } from "../support/services.ts";
import { runConformance } from "./run.ts";

const { url: server, unavailable } = await service("rabbitmq");
const url = `${server}?prefix=t${Date.now().toString(36)}`;

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
});
