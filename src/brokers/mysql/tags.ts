/**
 * Tags as they are stored: JSON with each on a line of its own. As JSON has no line break within a text, a line
 * is found by its text alone, without the functions for JSON, in which MySQL and MariaDB differ.
 */
export function toTagText(tags: readonly string[]): string | null {
  return tags.length === 0 ? null : `[\n${tags.map((tag) => JSON.stringify(tag)).join("\n,\n")}\n]`;
}

/** What the text of those who have a tag contains. */
export function toTagLine(tag: string): string {
  return `\n${JSON.stringify(tag)}\n`;
}
