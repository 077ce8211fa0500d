import { resolve } from "node:path";

/** The URL of an `amqp:` broker whose documents are in a second one. */
export function withStore(url: string, store: string | undefined): string {
  if (store === undefined) return url;
  return `${url}${url.includes("?") ? "&" : "?"}store=${encodeURIComponent(store)}`;
}

/** Makes the path of a `sqlite:` URL absolute; any other URL is returned as it is. */
export function toAbsoluteBroker(url: string, base: string): string {
  const { path, query } = /^sqlite:(?<path>[^?]*)(?<query>.*)$/.exec(url)?.groups ?? {};
  if (!path || path === ":memory:") return url;
  // The path of a URL has its percent signs decoded, that of a folder has not.
  return `sqlite:${resolve(base.replaceAll("%", "%25"), path)}${query}`;
}
