import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toFailure } from "../../src/brokers/mysql/failure.ts";
import { parseLocation } from "../../src/brokers/mysql/location.ts";
import { format, toChunks, toConditions } from "../../src/brokers/mysql/statement.ts";
import { assertSuited } from "../../src/brokers/mysql/version.ts";

const quote = (text: string) => `<${text}>`;

/** Whether a condition names an id. */
function matches(raw: string, id: number): boolean {
  const [, list] = /^id in \((.*)\)$/.exec(raw) ?? [];
  if (list !== undefined) return list.split(", ").map(Number).includes(id);
  return raw
    .slice(1, -1)
    .split(" or ")
    .some((part) => {
      const [first = 0, last = first] = (part.match(/\d+/g) ?? []).map(Number);
      return id >= first && id <= last;
    });
}

describe("a mysql: URL", () => {
  it("says where, as whom and how", () => {
    expect(
      parseLocation("mysql://me:p%40ss@db.example:3307/shop?prefix=q&tls=verify&timeout=2s&connections=9"),
    ).toMatchObject({
      host: "db.example",
      port: 3307,
      user: "me",
      password: "p@ss",
      database: "shop",
      prefix: "q",
      tls: "verify",
      answerMs: 2000,
      connections: 9,
      title: "mysql://db.example:3307/shop",
    });
  });

  it("has defaults", () => {
    expect(parseLocation("mariadb://localhost/shop")).toMatchObject({
      port: 3306,
      user: "root",
      password: "",
      prefix: "ganger",
      tls: "off",
      answerMs: 8000,
      connections: 4,
    });
    expect(parseLocation("mysql://[::1]/shop").host).toBe("::1");
  });

  it.each([
    "mysql://u:secret@h",
    "mysql://u:secret@h/",
    "mysql://u:secret@h/a/b",
    "mysql://u:secret@h/d?prefix=A",
    "mysql://u:secret@h/d?tls=maybe",
    "mysql://u:secret@h/d?timeout=0",
    "mysql://u:secret@h/d?connections=1",
    "mysql://u:secret@h/d?other=1",
    "mysql://u:%secret@h/d",
    "mysql://u:secret@h:port/d",
  ])("is refused without its password: %s", (url) => {
    let refusal: unknown;
    try {
      parseLocation(url);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ code: "GANGER_URL_INVALID" });
    expect(String(refusal)).not.toContain("secret");
  });
});

describe("a statement", () => {
  it("has values, lists, rows and expressions in its places", () => {
    const values = [
      1,
      "a?b",
      null,
      [1, 2],
      [
        [1, "x"],
        [2, null],
      ],
      { raw: "now()" },
    ];
    expect(format({ sql: "?|?|?|(?)|?|?", values }, quote)).toBe(
      "1|<a?b>|null|(1, 2)|(1, <x>), (2, null)|now()",
    );
  });

  it("takes some hundred rows, and not too long ones together", () => {
    const rows = Array.from({ length: 1201 }, (_, n) => [n]);
    expect(toChunks(rows).map((chunk) => chunk.length)).toEqual([500, 500, 201]);
    const large = Array.from({ length: 3 }, () => ["x".repeat(600_000)]);
    expect(toChunks(large).map((chunk) => chunk.length)).toEqual([1, 1, 1]);
    expect(toChunks([])).toEqual([]);
  });

  it("names ids by runs, or by lists where there are too many", () => {
    expect(toConditions("id", [])).toEqual([]);
    expect(toConditions("id", [3, 1, 2, 9, 7, 8, 20])).toEqual([
      { raw: "(id between 1 and 3 or id between 7 and 9 or id = 20)" },
    ]);
    const scattered = Array.from({ length: 600 }, (_, n) => n * 2);
    expect(toConditions("id", scattered).map(({ raw }) => raw.slice(0, 10))).toEqual([
      "id in (0, ",
      "id in (100",
    ]);
  });

  it("names exactly the ids it was given", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 200 })), (ids) => {
        const conditions = toConditions("id", ids);
        for (let id = 0; id <= 201; id++) {
          expect(conditions.some(({ raw }) => matches(raw, id))).toBe(ids.includes(id));
        }
      }),
    );
  });
});

describe("a server's version", () => {
  it.each(["8.0.11", "8.4.3", "9.1.0", "10.6.0-MariaDB", "11.4.2-MariaDB-log", "5.5.5-10.11.6-MariaDB-deb"])(
    "%s suits",
    (version) => {
      expect(() => assertSuited(version, "mysql://h/d")).not.toThrow();
    },
  );

  it.each(["5.7.44", "8.0.4", "10.5.28-MariaDB", "5.5.5-10.3.39-MariaDB"])("%s is too old", (version) => {
    expect(() => assertSuited(version, "mysql://h/d")).toThrow(
      expect.objectContaining({ code: "GANGER_BROKER_UNSUITED", message: expect.stringContaining(version) }),
    );
  });
});

describe("what a server says", () => {
  it.each([
    [1045, "GANGER_BROKER_REFUSED"],
    [1049, "GANGER_BROKER_REFUSED"],
    [1142, "GANGER_BROKER_REFUSED"],
    [1040, "GANGER_BROKER_REFUSED"],
    [1290, "GANGER_BROKER_READONLY"],
    [1836, "GANGER_BROKER_READONLY"],
    [1021, "GANGER_BROKER_FULL"],
    [1114, "GANGER_BROKER_FULL"],
    [1927, "GANGER_BROKER_UNREACHABLE"],
    [1213, "GANGER_BROKER_LOCKED"],
    [1665, "GANGER_BROKER_UNSUITED"],
  ])("by number %i means %s, with a next step", (errno, code) => {
    const failure = toFailure(Object.assign(new Error("…"), { errno, sqlMessage: "words" }), "mysql://h/d");
    expect(failure).toMatchObject({
      code,
      hint: expect.stringMatching(/.{10}/),
      message: expect.stringMatching(/^mysql:\/\/h\/d .*\(words\)$/),
    });
  });

  it("passes as it is when nobody knows it", () => {
    const error = new Error("?");
    expect(toFailure(error, "mysql://h/d")).toBe(error);
  });
});

describe("what MariaDB has and MySQL has no more", () => {
  it("is called by no statement", () => {
    const room = join(import.meta.dirname, "../../src/brokers/mysql");
    const files = readdirSync(room, { recursive: true, encoding: "utf8" });
    const callers = files.filter((file) => {
      if (!/[.](?:sql|ts)$/.test(file)) return false;
      const code = readFileSync(join(room, file), "utf8").replaceAll(
        /^\s*(?:--|\/\/|\*|\/\*).*$|\/\/ .*$/gm,
        "",
      );
      // MD5 and SHA1 went with 9.6, the others with 8.0.
      return /\b(?:md5|sha1?|old_password|encrypt|des_(?:en|de)crypt)\s*\(/i.test(code);
    });
    expect(callers).toEqual([]);
  });
});
