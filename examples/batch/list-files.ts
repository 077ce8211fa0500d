import { opendir } from "node:fs/promises";
import { join } from "node:path";

export interface Listing {
  readonly files: readonly string[];
  /** Folders that could not be read, and links, sockets and devices, which are not followed or opened. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

/** Every regular file below a folder, but what git keeps for itself. */
export async function listFiles(root: string): Promise<Listing> {
  const files: string[] = [];
  const skipped: { path: string; reason: string }[] = [];
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    try {
      for await (const entry of await opendir(folder)) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) {
          if (entry.name !== ".git") folders.push(path);
        } else if (entry.isFile()) files.push(path);
        else skipped.push({ path, reason: entry.isSymbolicLink() ? "a link" : "a socket, pipe or device" });
      }
    } catch (error) {
      skipped.push({ path: folder, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { files: files.sort(), skipped };
}
