import { Redis } from "ioredis";
import type { Ground } from "../ground.ts";
import { startPrivate } from "./private.ts";

/** A private Redis, emptied between runs. `settings` are arguments of the server. */
export function redisGround(settings: readonly string[] = []): Ground {
  let url = "";
  const ask = async <T>(question: (redis: Redis) => Promise<T>): Promise<T> => {
    const redis = new Redis(url);
    try {
      return await question(redis);
    } finally {
      redis.disconnect();
    }
  };
  return {
    async start(defer) {
      ({ url } = await startPrivate("redis", settings, defer));
      return await ask(async (redis) => {
        const version = /redis_version:(\S+)/.exec(await redis.info("server"))?.[1];
        const [, appendonly] = await redis.config("GET", "appendonly");
        const [, appendfsync] = await redis.config("GET", "appendfsync");
        const file = appendonly === "yes" ? `appendonly yes, appendfsync ${appendfsync}` : "appendonly no";
        return `Redis ${version}, ${file}, no snapshots; the same for all`;
      });
    },
    async open() {
      await ask((redis) => redis.flushall());
      return url;
    },
    rest: async () => undefined,
  };
}
