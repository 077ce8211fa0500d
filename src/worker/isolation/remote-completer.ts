import type { Broker } from "../../broker/broker.ts";
import { withoutTransactions } from "../../broker/transactions.ts";
import { type CompleteIn, completerOf } from "../run/complete-in.ts";
import type { HostBroker } from "./messages.ts";

/**
 * Settles runs in transactions of users where the worker's broker is not open, in a thread or a process for jobs: opens
 * the broker once more when a job asks for it first, and keeps it open for as long as this host lives.
 */
export class RemoteCompleter {
  #opened: { readonly url: string; readonly broker: Promise<Broker> } | undefined;

  /** For a run of a worker that uses this broker. */
  for({ name, url }: HostBroker): CompleteIn {
    return async (run, transaction, outcome) => {
      if (url === undefined) throw withoutTransactions(name);
      return completerOf(await this.#open(url))(run, transaction, outcome);
    };
  }

  async #open(url: string): Promise<Broker> {
    if (this.#opened?.url !== url) this.#opened = { url, broker: openBroker(url) };
    try {
      return await this.#opened.broker;
    } catch (error) {
      this.#opened = undefined;
      throw error;
    }
  }
}

/** Loaded by those who need it alone: a forked job that needs no broker is there in a millisecond. */
async function openBroker(url: string): Promise<Broker> {
  const connect = await import("../../broker/connect.ts");
  // The worker has brought the schema up to date, or was told not to.
  return connect.openBroker(url, { migrate: false });
}
