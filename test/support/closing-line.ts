import type { Reporter, TestCase, TestModule, TestSuite } from "vitest/node";

const SHOWN = 5;

/** Ends the run with the tests that were left out and why, and one plain line of counts. */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
    const skipped = tests.filter((test) => isSkipped(test));
    const failed = count("failed") + modules.filter((module) => isBroken(module)).length + unhandled.length;

    process.stdout.write(`\n${explain(skipped)}`);
    process.stdout.write(`${count("passed")} passed, ${failed} failed, ${skipped.length} skipped\n`);
  }
}

/** A file that cannot be loaded or a hook that fails has no failed test of its own, and is one. */
function isBroken(module: TestModule): boolean {
  const suites: (TestModule | TestSuite)[] = [module, ...module.children.allSuites()];
  return suites.some((suite) => suite.errors().length > 0);
}

function isSkipped(test: TestCase): boolean {
  const { state } = test.result();
  return state === "skipped" || state === "pending";
}

function explain(skipped: readonly TestCase[]): string {
  const byReason = new Map<string, TestCase[]>();
  for (const test of skipped) {
    const reason = reasonFor(test);
    byReason.set(reason, [...(byReason.get(reason) ?? []), test]);
  }
  return Array.from(byReason, ([reason, tests]) => {
    const names = tests.slice(0, SHOWN).map((test) => `  - ${test.project.name}: ${test.fullName}\n`);
    const rest = tests.length > SHOWN ? `  - and ${tests.length - SHOWN} more\n` : "";
    return `Skipped (${tests.length}): ${reason}\n${names.join("")}${rest}\n`;
  }).join("");
}

function reasonFor(test: TestCase): string {
  const result = test.result();
  if (result.state === "skipped" && result.note !== undefined) return result.note;
  if (result.state === "pending") return "the run ended before their turn came";
  return "left out by the selection, by its file, or by a hook that failed";
}
