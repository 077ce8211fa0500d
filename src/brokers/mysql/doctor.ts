import type { Finding } from "../../broker/maintenance.ts";
import { type Database, LONG_MS } from "./database.ts";

export async function diagnose(database: Database): Promise<readonly Finding[]> {
  const [row] = await database.rows([database.statement("homeless")], LONG_MS);
  void row;
  return [];
}
