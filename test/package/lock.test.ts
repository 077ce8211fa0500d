import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

describe.each(["package-lock.json", "bench/peers/package-lock.json"])("%s", (file) => {
  const text = readFileSync(file, "utf8");

  it("knows every platform's binaries, or npm ci refuses it", () => {
    const { packages }: Lock = JSON.parse(text);
    const optional = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
      Object.keys(optionalDependencies),
    );
    const known = Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, ""));

    expect(known, "run node scripts/complete-lock.mjs").toEqual(expect.arrayContaining(optional));
  });

  it("names no registry", () => {
    expect(text).not.toContain('"resolved": "http');
  });
});

interface Lock {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Record<string, string> }>>;
}
