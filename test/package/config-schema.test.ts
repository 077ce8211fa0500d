import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { templates } from "../../src/cli/templates.ts";
import { configJsonSchema } from "../../src/config/json-schema.ts";

const FILE = "ganger.schema.json";

// npx vitest run --project package config-schema, with this variable set, and then: npx biome check --write
if (process.env["UPDATE_SCHEMA"]) writeFileSync(FILE, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);

const schema: unknown = JSON.parse(readFileSync(FILE, "utf8"));
const validator = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);

const pages = ["README.md", ...pagesOf("docs/guide"), ...pagesOf("docs/reference")];

/** Samples that are a whole `ganger.yml` or some keys of one. */
const samples = pages
  .flatMap((page) =>
    Array.from(readFileSync(page, "utf8").matchAll(/^```ya?ml\n(.*?)^```$/gms), ([, text = ""]) => ({
      page,
      text,
    })),
  )
  .filter(({ text }) => /^(?:workers|broker|environments|signals|restart|log|hooks):/m.test(text));

describe(basename(FILE), () => {
  it("is what is generated; UPDATE_SCHEMA=1 writes it anew", () => {
    expect(schema).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
  });

  it("says of each key what it is for", () => {
    expect(undescribed(schema, [])).toEqual([]);
  });

  it.each(samples)("takes a sample of $page", ({ text }) => {
    expect(z.treeifyError(validator.safeParse(parse(text)).error ?? new z.ZodError([]))).toEqual({
      errors: [],
    });
  });

  it("takes what ganger init writes", () => {
    expect(validator.safeParse(parse(templates(true)["ganger.yml"] ?? "")).success).toBe(true);
  });

  it.each([
    "wrokers: { mail: 1 }",
    "workers: { mail: { cuont: 1 } }",
    "workers: { mail: -1 }",
    "workers: { mail: { memory: lots } }",
    "workers: { mail: { exec: { drain: QUIT } } }",
    "signals: { USR2: restrat }",
    "term: soon",
    "environments: { production: { workers: 5 } }",
  ])("refuses %s", (text) => {
    expect(validator.safeParse(parse(text)).success).toBe(false);
  });
});

function pagesOf(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
}

/** Keys without a description; those of the retention explain themselves. */
function undescribed(node: unknown, path: readonly string[]): readonly string[] {
  if (typeof node !== "object" || node === null || path[0] === "retention" || path[0] === "environments")
    return [];
  const { properties = {}, additionalProperties, anyOf = [] } = node as Record<string, object | undefined>;
  const own = "description" in node || path.length === 0 ? [] : [path.join(".")];
  return [
    ...(path.at(-1) === "*" ? [] : own),
    ...Object.entries(properties).flatMap(([key, child]) => undescribed(child, [...path, key])),
    ...undescribed(path[0] === "signals" ? undefined : additionalProperties, [...path, "*"]),
    ...(anyOf as readonly object[]).flatMap((choice) => undescribed({ ...choice, description: "" }, path)),
  ];
}
