import { cpSync, statSync } from "node:fs";

/** Copies what the compiler leaves behind: statements and scripts in their own languages. */
export function copyAssets(from, to) {
  cpSync(from, to, { recursive: true, filter: isAsset });
}

const isAsset = (file) => statSync(file).isDirectory() || /\.(?:sql|lua)$/.test(file);
