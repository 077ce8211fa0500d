import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { openBroker, openMigrations } from "../../src/broker/connect.ts";
import { service } from "../support/services.ts";
import { runConformance } from "./run.ts";

const { url: server, unavailable } = await service("postgres");

runConformance("postgres", {
  unavailable,
  async open() {
    // No case cuts the power: without waiting for the disk the suite takes half the time.
    const url = `${server}?prefix=t_${randomBytes(6).toString("hex")}`;
    const broker = await openBroker(url);
    return {
      broker,
      reopen: () => openBroker(url),
      async begin() {
        const connection = new Client({ connectionString: server });
        await connection.connect();
        await connection.query("begin");
        let isOpen = true;
        const end = async (how: "commit" | "rollback") => {
          if (!isOpen) return;
          isOpen = false;
          await connection.query(how).finally(() => connection.end());
        };
        return { connection, commit: () => end("commit"), rollback: () => end("rollback") };
      },
      async [Symbol.asyncDispose]() {
        await broker[Symbol.asyncDispose]();
        await using migrations = await openMigrations(url);
        await migrations?.down(0);
      },
    };
  },
});
