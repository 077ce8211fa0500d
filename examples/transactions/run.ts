import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, Worker } from "ganger";

/**
 * Places orders and pays for them, each with its job in one transaction, though one in ten orders is given up and one
 * run in three fails half-way. Exit status: 0 when every order that was kept was paid for once, and 1 otherwise.
 */

const folder = mkdtempSync(join(tmpdir(), "ganger-transactions-"));
const file = join(folder, "shop.db");
process.env["SHOP"] = file;
const { inTransaction, shop } = await import("./shop.ts");
const { pay } = await import("./jobs/pay.ts");
shop.exec(`
  create table accounts (balance integer not null);
  create table orders (id integer primary key);
  create table payments (order_id integer not null, amount integer not null);
  insert into accounts values (1000000);
`);
const client = await connect(`sqlite:${file}`);
const worker = new Worker(client.broker, [pay], { concurrency: 10 });
let runs = 0;
worker.events.on("job:started", () => runs++);
try {
  await worker.start();
  for (let order = 1; order <= 100; order++) await place(order).catch(() => undefined);
  while (((await client.broker.inspect?.list({ state: "completed", limit: 100 })) ?? []).length < 90)
    await new Promise((resolve) => setTimeout(resolve, 10));
  const { orders, paid, times, balance } = read();
  console.log(`${orders} orders, paid for ${times} times by ${runs} runs: ${paid}; left: ${balance}`);
  process.exitCode = orders === 90 && times === 90 && balance === 1_000_000 - paid ? 0 : 1;
} finally {
  await worker.drain();
  await client.close();
  shop.close();
  rmSync(folder, { recursive: true, force: true });
}

/** The order and its job are there together, or neither is. */
function place(order: number): Promise<void> {
  return inTransaction(async () => {
    shop.prepare("insert into orders (id) values (?)").run(order);
    await client.enqueue(pay, { order, amount: 10 * order }, { transaction: shop });
    if (order % 10 === 0) throw new Error("the customer has changed their mind");
  });
}

interface Books {
  readonly orders: number;
  readonly paid: number;
  readonly times: number;
  readonly balance: number;
}

function read(): Books {
  const books = shop.prepare<[], Books>(`
    select (select count(*) from orders) as orders, (select sum(amount) from payments) as paid,
      (select count(*) from payments) as times, (select balance from accounts) as balance`);
  return books.get() ?? { orders: 0, paid: 0, times: 0, balance: 0 };
}
