import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const text = readFileSync("package-lock.json", "utf8");

it("package-lock.json knows every platform's binaries, or npm ci refuses it", () => {
  const { packages }: Lock = JSON.parse(text);
  const optional = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
    Object.keys(optionalDependencies),
  );
  const known = Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, ""));

  expect(known, "run node scripts/complete-lock.mjs").toEqual(expect.arrayContaining(optional));
});

it("package-lock.json names no registry", () => {
  expect(text).not.toContain('"resolved": "http');
});

interface Lock {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Record<string, string> }>>;
}
