import { relative } from "node:path";

/** Where a value was said. */
export type Source =
  | { readonly kind: "default" }
  | {
      readonly kind: "file";
      readonly file: string;
      readonly line: number | undefined;
      /** The key as the file has it, such as `environments.production.broker`. */
      readonly key: string;
    }
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "flag"; readonly name: string };

export type Path = readonly string[];

/** A value that knows where it comes from. A mapping has children, everything else a value. */
export interface Sourced {
  readonly source: Source;
  readonly value?: unknown;
  readonly children?: ReadonlyMap<string, Sourced>;
}

/** Gives every value its source. Keys without a value are left out, as if they were not written. */
export function toSourced(value: unknown, sourceOf: (path: Path) => Source, path: Path = []): Sourced {
  if (!isMapping(value)) return { source: sourceOf(path), value };
  const children = new Map<string, Sourced>();
  for (const [key, child] of Object.entries(value)) {
    if (child === null || child === undefined) continue;
    children.set(key, toSourced(child, sourceOf, [...path, key]));
  }
  return { source: sourceOf(path), children };
}

/** Lays one tree over another: mappings are joined key by key, everything else is replaced. An empty mapping says nothing. */
export function overlay(below: Sourced | undefined, above: Sourced): Sourced {
  if (below === undefined) return above;
  if (above.children?.size === 0) return below;
  if (below.children === undefined || above.children === undefined) return above;
  const children = new Map(below.children);
  for (const [key, child] of above.children) children.set(key, overlay(children.get(key), child));
  return { source: above.source, children };
}

export function toPlain({ value, children }: Sourced): unknown {
  if (children === undefined) return value;
  return Object.fromEntries(Array.from(children, ([key, child]) => [key, toPlain(child)]));
}

/** Every value that is no mapping, with its path. */
export function* leaves(tree: Sourced, path: Path = []): Generator<readonly [Path, Sourced]> {
  if (tree.children === undefined) yield [path, tree];
  else for (const [key, child] of tree.children) yield* leaves(child, [...path, key]);
}

/** The same tree with other leaves; a leaf that becomes `undefined` is left out. */
export function mapLeaves(
  tree: Sourced,
  change: (leaf: Sourced, path: Path) => Sourced | undefined,
  path: Path = [],
): Sourced | undefined {
  if (tree.children === undefined) return change(tree, path);
  const children = new Map<string, Sourced>();
  for (const [key, child] of tree.children) {
    const changed = mapLeaves(child, change, [...path, key]);
    if (changed !== undefined) children.set(key, changed);
  }
  return { source: tree.source, children };
}

/** The source of what is at a path, or of the nearest thing around it. */
export function sourceAt(tree: Sourced, path: Path): Source {
  const [key, ...rest] = path;
  const child = key === undefined ? undefined : tree.children?.get(key);
  return child === undefined ? tree.source : sourceAt(child, rest);
}

/** A source for people: `ganger.yml:3`, `GANGER_BROKER`, `--broker` or `default`. */
export function describeSource(source: Source, cwd: string): string {
  if (source.kind === "default") return "default";
  if (source.kind !== "file") return source.name;
  const near = relative(cwd, source.file);
  const file = near === "" || near.startsWith("..") ? source.file : near;
  return source.line === undefined ? file : `${file}:${source.line}`;
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
