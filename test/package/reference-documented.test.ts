import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { CliFolder } from "../support/cli.ts";

const CLI = ["docs/reference/cli.md", "docs/reference/cli-pool.md"];
const cli = CLI.map((page) => readFileSync(page, "utf8")).join("\n");
const configuration = readFileSync("docs/reference/configuration.md", "utf8");

const sections = new Map(
  cli
    .split(/^## ganger /m)
    .slice(1)
    .map((section) => [section.split(/\s/)[0] ?? "", section] as const),
);

/** The options of a command by its help: long names, without those that all have. */
async function optionsOf(command: string): Promise<readonly string[]> {
  await using folder = await CliFolder.create();
  const { out } = await folder.run(command, "--help");
  const own = out.split("\nGlobal Options:")[0]?.split("\nOptions:")[1] ?? "";
  return Array.from(own.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm), ([, name = ""]) => name).filter(
    (name) => name !== "--help",
  );
}

describe(CLI.join(" and "), () => {
  it("has one section per command", async () => {
    await using folder = await CliFolder.create();
    const { out } = await folder.run("--help");
    const commands = Array.from(out.matchAll(/^ {2}([a-z]+) /gm), ([, name]) => name);

    expect([...sections.keys()].sort((a, b) => a.localeCompare(b))).toEqual(
      commands.sort((a = "", b = "") => a.localeCompare(b)),
    );
  });

  it.each([...sections])("%s has each option, no other, and an example", async (command, section) => {
    const documented = Array.from(section.matchAll(/^\| .*?`(--[a-z-]+)/gm), ([, name]) => name);

    expect(documented).toEqual(await optionsOf(command));
    expect(section).toMatch(new RegExp(`\`\`\`\nganger ${command}`));
  });
});

describe("docs/reference/configuration.md", () => {
  it("has each key with its default", async () => {
    const flags = { broker: "memory:" };
    const { values } = await loadConfig({ env: {}, cwd: "/", optional: true, flags });
    const rows = values.filter(({ source, key }) => source === "default" && key !== "app");

    expect(rows.length).toBeGreaterThan(5);
    for (const { key, value } of rows) {
      const name = key.replace(/^(?:heartbeat|log|retention)\./, "");
      const shown = String(value) === "" ? "none" : `\`${String(value)}\``;
      expect(configuration).toContain(`| \`${name}\` | ${shown} |`);
    }
  });

  it.each(["count", "concurrency", "order", "isolation", "stop"])(
    "has workers.%s with its default",
    async (key) => {
      await using folder = await CliFolder.create();
      await folder.run("init");
      const { values } = await loadConfig({ env: {}, cwd: folder.path });
      const value = values.find((found) => found.key === `workers.default.${key}`)?.value;

      expect(configuration).toContain(`| \`${key}\` | \`${String(value)}\` |`);
    },
  );
});
