import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const TREES = ["docs", "examples", "test", "src", "bench", ".ci"];
const MAX_LINES = 200;

const pages = [".", ...TREES.filter((tree) => existsSync(tree))].flatMap((tree) =>
  readdirSync(tree, { recursive: tree !== ".", encoding: "utf8" })
    // What the benchmark compares with may be installed.
    .filter((name) => name.endsWith(".md") && !name.includes("node_modules"))
    .map((name) => join(tree, name)),
);

describe.each(pages)("%s", (page) => {
  const text = readFileSync(page, "utf8");
  const prose = text.replaceAll(/^```.*?^```$/gms, "");

  it("has links that lead somewhere", () => {
    const broken = linksOf(prose).filter((link) => !leadsSomewhere(page, link));

    expect(broken).toEqual([]);
  });

  it("names sources that are there", () => {
    const named = Array.from(
      text.matchAll(/`((?:src|examples|scripts|docs)\/[\w./-]+)`/g),
      ([, path = ""]) => path,
    );

    expect(named.filter((path) => !existsSync(path))).toEqual([]);
  });
});

it.each(pages.filter((page) => page === "README.md" || page.startsWith("docs")))(
  "%s is no longer than a page",
  (page) => {
    expect(readFileSync(page, "utf8").trimEnd().split("\n").length).toBeLessThanOrEqual(MAX_LINES);
  },
);

/** Where the links of a page go, but those to other sites. */
function linksOf(prose: string): readonly string[] {
  const code = /`[^`\n]*`/g;
  return Array.from(prose.replaceAll(code, "`").matchAll(/\]\(([^)\s]+)\)/g), ([, link = ""]) => link).filter(
    (link) => !/^[a-z]+:/.test(link),
  );
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : join(dirname(page), path);
  if (!existsSync(target)) return false;
  return anchor === undefined || anchorsOf(readFileSync(target, "utf8")).has(anchor);
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of text.replaceAll(/^```.*?^```$/gms, "").matchAll(/^#+ (.+)$/gm)) {
    const base = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(" ", "-");
    let anchor = base;
    for (let twin = 1; anchors.has(anchor); twin++) anchor = `${base}-${twin}`;
    anchors.add(anchor);
  }
  return anchors;
}
