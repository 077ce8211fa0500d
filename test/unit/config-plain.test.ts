import { describe, expect, expectTypeOf, it } from "vitest";
import { defineConfig } from "../../src/config/define-config.ts";
import { toPlainConfig } from "../../src/config/module/plain.ts";
import { throttled } from "../../src/config/throttled.ts";
import type { JobContext } from "../../src/job/context.ts";

const plain = (exported: unknown, loaderMs?: number) =>
  toPlainConfig(exported, { file: "/app/ganger.ts", environment: "test", loaderMs });

describe("a configuration module as plain data", () => {
  it("asks a loader with the environment", async () => {
    expect(await plain({ app: "a", workers: (environment: string) => ({ [environment]: 2 }) })).toEqual({
      data: { app: "a", workers: { test: 2 } },
      isDynamic: true,
    });
    expect(await plain({ workers: async () => ({ mail: { count: 1 } }) })).toMatchObject({
      data: { workers: { mail: { count: 1 } } },
    });
    expect(await plain({ workers: { mail: 2 } })).toEqual({
      data: { workers: { mail: 2 } },
      isDynamic: false,
    });
  });

  it("asks that of the environment in force only", async () => {
    const environments = {
      test: { workers: () => ({ a: 1 }) },
      production: {
        app: "b",
        workers: () => {
          throw new Error("never asked");
        },
      },
    };

    expect(await plain({ environments })).toEqual({
      data: { environments: { test: { workers: { a: 1 } }, production: { app: "b" } } },
      isDynamic: true,
    });
  });

  it("knows hooks by the path of the module", async () => {
    expect(await plain({ hooks: { afterSpawn: () => 1, onInfo: undefined } })).toMatchObject({
      data: { hooks: "/app/ganger.ts" },
    });
    expect(await plain({ hooks: "./hooks.ts" })).toMatchObject({ data: { hooks: "./hooks.ts" } });
  });

  it.each([
    [null, "must export a plain object"],
    [[], "must export a plain object"],
    [{ app: () => "a" }, "app: is a function; a configuration is plain data"],
    [
      { environments: { test: { hooks: { onInfo: () => 1 } } } },
      "environments.test.hooks.onInfo: is a function",
    ],
    [{ hooks: { afterSpwan: () => 1 } }, "hooks.afterSpwan: is no hook. Did you mean afterSpawn?"],
    [{ hooks: { onInfo: 5 } }, "hooks.onInfo: must be a function"],
    [
      { workers: () => 5 },
      "workers: the function must answer a mapping of queue lists to numbers, not number",
    ],
    [{ workers: () => undefined }, "to numbers, not undefined"],
    [{ workers: () => null }, "to numbers, not null"],
    [{ workers: () => ["mail"] }, "to numbers, not a list"],
    [{ workers: () => ({ mail: 1n }) }, "workers.mail: is a bigint"],
    [
      {
        workers: () => {
          throw new RangeError("too\nfew");
        },
      },
      "workers: the function threw RangeError: too few",
    ],
    [{ workers: () => Promise.reject(new Error("gone")) }, "workers: the function threw Error: gone"],
    [{ workers: () => new Promise(() => undefined) }, "workers: the function did not answer within 0.02 s"],
  ])("refuses %j: %s", async (exported, expected) => {
    await expect(plain(exported, 20)).rejects.toThrow(expected);
  });
});

it("types loaders and hooks", () => {
  const config = defineConfig({
    workers: throttled(async (environment) => ({
      mail: environment === "production" ? 4 : { memory: "1.5GB" },
    })),
    hooks: {
      beforeJob: (job) => expectTypeOf(job).toEqualTypeOf<JobContext>(),
      afterSpawn: ({ pid }) => expectTypeOf(pid).toEqualTypeOf<number>(),
    },
    signals: { USR2: ["restart"] },
  });
  // @ts-expect-error no such hook
  defineConfig({ hooks: { afterSpwan: () => 1 } });
  // @ts-expect-error no such action
  defineConfig({ signals: { USR2: "restrat" } });
  // @ts-expect-error hooks of an environment are a path
  defineConfig({ environments: { test: { hooks: { onInfo: () => 1 } } } });
  expect(config).toMatchObject({ signals: { USR2: ["restart"] } });
});
