/**
 * What `ganger init` writes, by path. Job modules are ES modules: `.ts` where the
 * package says so, and `.mts` elsewhere, which is one in any package.
 */
export function templates(isModule: boolean): Readonly<Record<string, string>> {
  const extension = isModule ? "ts" : "mts";
  return Object.fromEntries(
    Object.entries(TEMPLATES).map(([path, text]) => [
      path.replace(/ts$/, extension),
      text.replaceAll("hello.ts", `hello.${extension}`),
    ]),
  );
}

const TEMPLATES: Readonly<Record<string, string>> = {
  "ganger.yml": `# Check it with: ganger check --explain
broker: \${GANGER_BROKER:-sqlite:./ganger.db}
jobs: ./jobs # modules that export job definitions

workers:
  default: 1 # queue list: number of workers

environments:
  production:
    workers:
      default: 2
`,

  "jobs/hello.ts": `import { defineJob } from "ganger";

/** Greets somebody. Its name, its payload and its result are checked by the compiler. */
export const hello = defineJob({
  name: "hello",
  attempts: 5,
  timeout: "30s",
  async perform({ to }: { to: string }, job) {
    job.log(\`greeting \${to}, attempt \${job.attempt}\`);
    return { greeting: \`Hello, \${to}!\` };
  },
});
`,

  "test/hello.test.ts": `import assert from "node:assert/strict";
import { test } from "node:test";
import { runInline } from "ganger/testing";
import { hello } from "../jobs/hello.ts";

test("greets by name", async () => {
  const { state, result } = await runInline(hello, { to: "world" });

  assert.equal(state, "completed");
  assert.deepEqual(result, { greeting: "Hello, world!" });
});
`,
};

export const NEXT_STEPS = `
Next:
  ganger check                                 see what the configuration says
  ganger start                                 run the workers, and in another terminal:
  ganger enqueue hello '{"to":"world"}'        give them something to do
  ganger status                                watch them do it
  node --import ganger/register --test test/hello.test.*`;
