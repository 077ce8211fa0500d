import Database from "better-sqlite3";
import { connect, defineJob, Worker } from "ganger";

const shop = new Database("./shop.db");
shop.exec("create table if not exists payments (order_id integer)");

const pay = defineJob({
  name: "pay",
  async perform({ order }: { order: number }, job) {
    shop.exec("begin immediate");
    try {
      shop.prepare("insert into payments values (?)").run(order);
      await job.completeIn(shop, { paid: true });
      shop.exec("commit");
    } catch (error) {
      if (shop.inTransaction) shop.exec("rollback");
      throw error;
    }
  },
});

const client = await connect("sqlite:./shop.db");
shop.exec("begin immediate");
const id = await client.enqueue(pay, { order: 7 }, { transaction: shop });
shop.exec("commit");

const worker = new Worker(client.broker, [pay], { concurrency: 1 });
const completed = new Promise((resolve) => worker.events.once("job:completed", resolve));
await worker.start();
await completed;
await worker.drain();
console.log(id, shop.prepare("select * from payments").all());
await client.close();
