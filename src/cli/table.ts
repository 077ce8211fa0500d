import Table from "cli-table3";
import type { Paint } from "./output.ts";

const NOTHING = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

export interface Column {
  readonly title: string;
  /** @default "left" */
  readonly align?: "left" | "right";
}

/** A table without borders: columns two blanks apart, under their titles. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly (string | number)[])[],
  paint: Paint,
): string {
  const made = new Table({
    chars: NOTHING,
    head: columns.map(({ title }) => paint("bold", title)),
    colAligns: columns.map(({ align = "left" }) => align),
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
  });
  made.push(...rows.map((row) => row.map(String)));
  return made
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
