import { hostname } from "node:os";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createHolder, parseHolder } from "../../src/ipc/holder.ts";

describe("a holder", () => {
  it("is named by host and process", () => {
    expect(parseHolder(createHolder())).toEqual({ host: hostname(), pid: process.pid });
    expect(parseHolder(createHolder(7))).toEqual({ host: hostname(), pid: 7 });
  });

  it("has a name that no other has, even in one process", () => {
    expect(new Set(Array.from({ length: 1000 }, () => createHolder())).size).toBe(1000);
  });

  it.each([
    ["host:1:a", { host: "host", pid: 1 }],
    ["fe80::1:22:a", { host: "fe80::1", pid: 22 }],
    ["host:1:", { host: "host", pid: 1 }],
    ["host:1", undefined],
    ["host:one:a", undefined],
    [":1:a", undefined],
    ["", undefined],
  ])("%j is read as %j", (text, parts) => {
    expect(parseHolder(text)).toEqual(parts);
  });

  it("is read again as it was written, whatever the host is called", () => {
    const host = fc.stringMatching(/^[A-Za-z0-9.:-]+$/);
    fc.assert(
      fc.property(host, fc.nat(), fc.stringMatching(/^[0-9a-f]{8}$/), (name, pid, nonce) => {
        expect(parseHolder(`${name}:${pid}:${nonce}`)).toEqual({ host: name, pid });
      }),
    );
  });
});
