import { resolve } from "node:path";

/** Makes the path of a `sqlite:` URL absolute; any other URL is returned as it is. */
export function toAbsoluteBroker(url: string, base: string): string {
  const { path, query } = /^sqlite:(?<path>[^?]*)(?<query>.*)$/.exec(url)?.groups ?? {};
  if (!path || path === ":memory:") return url;
  // The path of a URL has its percent signs decoded, that of a folder has not.
  return `sqlite:${resolve(base.replaceAll("%", "%25"), path)}${query}`;
}
