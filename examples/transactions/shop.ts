import Database from "better-sqlite3";

/** The connection of this process to the shop's database, which holds the jobs as well. */
export const shop = new Database(process.env["SHOP"] ?? "shop.db", { timeout: 10_000 });
shop.pragma("journal_mode = wal");

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs `work` in a transaction. One connection has one at a time: the next begins when the one before has ended.
 * The function `transaction` of better-sqlite3 would commit before a promise can reject.
 */
export function inTransaction<T>(work: () => Promise<T>): Promise<T> {
  const turn = last.then(async () => {
    shop.exec("begin immediate");
    try {
      const result = await work();
      shop.exec("commit");
      return result;
    } catch (error) {
      if (shop.inTransaction) shop.exec("rollback");
      throw error;
    }
  });
  last = turn.catch(() => undefined);
  return turn;
}
