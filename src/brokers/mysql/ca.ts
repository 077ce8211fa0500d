import { readFile } from "node:fs/promises";
import { GangerError } from "../../errors.ts";

/** Reads the certificates that a URL names. @throws `GANGER_URL_INVALID` when there is no such file. */
export async function readCa(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new GangerError("GANGER_URL_INVALID", `ca=${file} cannot be read`, {
      cause,
      hint: "Name a file with certificates in PEM form that this user may read.",
    });
  }
}
