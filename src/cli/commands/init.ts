import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Command } from "commander";
import { GangerError } from "../../errors.ts";
import type { CliContext, GlobalOptions } from "../context.ts";
import { print } from "../output.ts";
import { NEXT_STEPS, templates } from "../templates.ts";

export function initCommand(context: CliContext): Command {
  return new Command("init")
    .summary("write a configuration, a job and its test")
    .description("Writes ganger.yml, an example job and its test. Overwrites nothing.")
    .argument("[folder]", "where to write them", ".")
    .addHelpText("after", "\nExample:\n  $ ganger init my-app")
    .action(async (folder: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const base = resolve(context.cwd, folder);
      const texts = templates(await isModulePackage(base));
      const files = Object.keys(texts);
      assertAbsent(files.filter((file) => existsSync(join(base, file))));
      for (const [file, text] of Object.entries(texts)) {
        const path = join(base, file);
        await mkdir(dirname(path), { recursive: true });
        // Fails rather than overwrites, should the file have come about in between.
        await writeFile(path, text, { flag: "wx" });
      }
      print(context, options, { folder: base, files }, () =>
        [`Wrote in ${base}:`, ...files.map((file) => `  ${file}`), NEXT_STEPS].join("\n"),
      );
    });
}

/** Whether the nearest package says that its files are ES modules. */
async function isModulePackage(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, "package.json"), "utf8").catch(() => undefined);
  const parent = dirname(folder);
  if (text === undefined) return parent === folder ? false : isModulePackage(parent);
  const manifest: unknown = JSON.parse(text);
  return (
    typeof manifest === "object" && manifest !== null && "type" in manifest && manifest.type === "module"
  );
}

function assertAbsent(present: readonly string[]): void {
  if (present.length === 0) return;
  const verb = present.length === 1 ? "is" : "are";
  throw new GangerError(
    "GANGER_FILE_EXISTS",
    `${present.join(", ")} ${verb} there already; nothing was written`,
    {
      hint: "Move it away, or name another folder: ganger init my-app",
    },
  );
}
