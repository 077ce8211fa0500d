import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as commander from "commander";
import * as check from "fast-check";
import * as liteque from "liteque";
import * as yaml from "yaml";
import * as zod from "zod";

/**
 * An application of some weight: 150 modules of its own, libraries with a few hundred more, and 300,000 objects in
 * memory. Where the modules are is for the environment to say.
 */
const folder = process.env.GANGER_BENCH_MODULES ?? "";
const modules = await Promise.all(
  readdirSync(folder).map((name) => import(pathToFileURL(join(folder, name)).href)),
);
export const libraries = [commander, check, liteque, yaml, zod];
export const routes = new Map(modules.flatMap((module) => module.routes));
export const products = Array.from({ length: 300_000 }, (_, id) => ({
  id,
  name: `item ${id}`,
  price: id % 1000,
}));

/** One job: it goes through a few requests, looks a hundred products up, and makes some garbage. */
export function work(n) {
  const items = Array.from(
    { length: 100 },
    (_, place) => products[(n * 7919 + place * 104_729) % products.length],
  );
  const handle = routes.get(`/${n % 150}/${n % 60}`);
  const { total } = handle({ id: n, user: "user", items: items.map(({ price }) => ({ price, count: 2 })) });
  return JSON.parse(JSON.stringify({ total, items })).total;
}
