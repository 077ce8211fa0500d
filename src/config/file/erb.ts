/** A line of a file that only Ruby can read. */
export interface ErbLine {
  readonly line: number;
  readonly reason: string;
}

/** Lines with ERB, which is not run, and what to write instead. Comments may hold what they like. */
export function findErb(text: string): readonly ErbLine[] {
  return text.split("\n").flatMap((content, index) => {
    if (!content.includes("<%") || /^\s*#/.test(content)) return [];
    return [{ line: index + 1, reason: `ERB is not run; instead of <% … %> ${advice(content)}` }];
  });
}

/** `ENV["N"] || 2` and `ENV.fetch("N", 2)` are what most people have; their translation is known. */
function advice(content: string): string {
  const { name, fallback } =
    /ENV(?:\[|\.fetch\(\s*)["'](?<name>\w+)["']\]?(?:\s*(?:\|\||,)\s*["']?(?<fallback>[\w.-]+))?/.exec(
      content,
    )?.groups ?? {};
  if (name === undefined) return "write the value, or a variable with a fallback: ${NAME:-2}";
  return `write ${fallback === undefined ? `\${${name}}` : `\${${name}:-${fallback}}`}`;
}
