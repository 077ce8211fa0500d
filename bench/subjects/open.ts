import type { Subject } from "../subject.ts";

/** Each loads one subject, so that no process holds the libraries of the others. */
const SUBJECTS: Readonly<Record<string, (argument: string) => Promise<Subject>>> = {
  ganger: async (argument) => (await import("./ganger.ts")).createGanger(argument),
  plainjob: async (argument) => (await import("./plainjob.ts")).createPlainjob(argument),
  liteque: async () => (await import("./liteque.ts")).createLiteque(),
  bare: async (argument) => (await import("./bare.ts")).createBare(argument),
  bullmq: async (argument) => (await import("./bullmq.ts")).createBullMQ(argument),
  bull: async (argument) => (await import("./bull.ts")).createBull(argument),
  "bee-queue": async (argument) => (await import("./bee-queue.ts")).createBeeQueue(argument),
  rsmq: async (argument) => (await import("./rsmq.ts")).createRsmq(argument),
  "node-resque": async (argument) => (await import("./node-resque.ts")).createNodeResque(argument),
  kue: async (argument) => (await import("./kue.ts")).createKue(argument),
  graphile: async (argument) => (await import("./graphile.ts")).createGraphile(argument),
  "pg-boss": async (argument) => (await import("./pg-boss.ts")).createPgBoss(argument),
  amqplib: async (argument) => (await import("./amqplib.ts")).createAmqplib(argument),
  "bare-mysql": async (argument) => (await import("./bare-mysql.ts")).createBareMysql(argument),
};

export async function openSubject(key: string): Promise<Subject> {
  const [name = "", argument = ""] = key.split(":");
  const open = SUBJECTS[name];
  if (open === undefined) throw new TypeError(`There is no subject "${name}"`);
  return await open(argument);
}
