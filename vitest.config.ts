import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { ClosingLine } from "./test/support/closing-line.ts";

const builtFile = (path: string) => fileURLToPath(new URL(`./dist/${path}`, import.meta.url));

/** Fixtures and tests that start processes name the package, as its users do, and get what was built. */
const built = {
  resolve: {
    alias: [
      { find: /^ganger$/, replacement: builtFile("index.js") },
      { find: /^ganger\/testing$/, replacement: builtFile("testing/index.js") },
    ],
  },
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // They wait for processes more than they compute.
    maxWorkers: 4,
    server: { deps: { external: [/\/dist\//] } },
  },
};

export default defineConfig({
  test: {
    reporters: ["default", new ClosingLine()],
    globalSetup: ["test/support/run-dir.ts", "test/support/built-jobs.ts"],
    coverage: { include: ["src/**"] },
    projects: [
      { extends: true, test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 30_000 } },
      {
        extends: true,
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: { name: "conformance", include: ["test/conformance/**/*.test.ts"], testTimeout: 30_000 },
      },
      {
        ...built,
        extends: true,
        test: {
          ...built.test,
          name: "process",
          include: ["test/process/**/*.test.ts"],
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "fork",
          include: ["native/fork/test/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          expect: { poll: { timeout: 20_000 } },
          sequence: { groupOrder: 2 },
        },
      },
      {
        ...built,
        extends: true,
        test: {
          ...built.test,
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
