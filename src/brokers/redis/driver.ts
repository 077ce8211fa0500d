import type { RedisOptions } from "ioredis";
import { importDriver } from "../../broker/driver.ts";
import type { RedisLocation } from "./location.ts";

/** What this broker needs of a client, for one server and for a cluster. */
export interface RedisClient {
  readonly status: string;
  readonly options: object;
  call(command: string, args: (string | number)[]): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  connect(): Promise<void>;
  disconnect(reconnect?: boolean): void;
  on(event: string, listener: (...values: unknown[]) => void): unknown;
  off(event: string, listener: (...values: unknown[]) => void): unknown;
}

/** Makes a client of one server, or of the group that Sentinels watch over. It is not connected yet. */
export async function createClient(location: RedisLocation): Promise<RedisClient> {
  const { Redis } = await importDriver("ioredis", () => import("ioredis"));
  const { hosts, sentinel } = location;
  const [first] = hosts;
  const place = sentinel === undefined ? { ...first } : toSentinel(location, sentinel);
  return new Redis({ ...toOptions(location), ...place, lazyConnect: true });
}

/** Makes a client of a cluster, of which the hosts are some. */
export async function createCluster(location: RedisLocation): Promise<RedisClient & ClusterNodes> {
  const { Cluster } = await importDriver("ioredis", () => import("ioredis"));
  return new Cluster([...location.hosts], {
    redisOptions: toOptions(location),
    lazyConnect: true,
    enableOfflineQueue: false,
    // A command whose answer was lost may have been done: nothing is sent twice.
    retryDelayOnFailover: 0,
    slotsRefreshTimeout: location.timeoutMs,
    slotsRefreshInterval: 5000,
    clusterRetryStrategy: retryDelay,
  });
}

export interface ClusterNodes {
  nodes(role: "all"): readonly ClusterNode[];
}

export interface ClusterNode {
  readonly options: { readonly host?: string | undefined; readonly port?: number | undefined };
  call(command: string, args: (string | number)[]): Promise<unknown>;
  disconnect(reconnect?: boolean): void;
}

function toOptions(location: RedisLocation) {
  const { username, password, db, isSecure, ca, timeoutMs } = location;
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(isSecure ? { tls: toTrust(ca) } : {}),
    db,
    protocol: 2 as const,
    disableClientInfo: true,
    connectTimeout: Math.min(timeoutMs, MAX_CONNECT_MS),
    commandTimeout: timeoutMs,
    keepAlive: 10_000,
    // What was under way when a connection broke is reported as lost, and nothing waits in the client unseen.
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // Resubscribing by itself, it leaves a rejection that nobody handles when the connection breaks again.
    autoResubscribe: false,
    retryStrategy: retryDelay,
  } satisfies RedisOptions;
}

function toSentinel(location: RedisLocation, name: string) {
  const { hosts, username, password, isSecure, ca, timeoutMs } = location;
  return {
    sentinels: [...hosts],
    name,
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(isSecure ? { enableTLSForSentinelMode: true, sentinelTLS: toTrust(ca) } : {}),
    // One that is half open must not keep us from asking the next one.
    sentinelCommandTimeout: Math.min(timeoutMs, MAX_CONNECT_MS),
    sentinelRetryStrategy: retryDelay,
  } satisfies RedisOptions;
}

function toTrust(ca: string | undefined) {
  return ca === undefined ? {} : { ca };
}

/** Soon at first, then twice a second, and never all at once. */
function retryDelay(times: number): number {
  return Math.min(25 * 2 ** Math.min(times, 5), 500) * (0.75 + 0.5 * Math.random());
}

const MAX_CONNECT_MS = 3000;
