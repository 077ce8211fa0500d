import { Writable } from "node:stream";
import { Presets, SingleBar } from "cli-progress";
import type { CliStream } from "./context.ts";

/** How far something is, drawn where there is a terminal. */
export interface Progress {
  readonly isDrawn: boolean;
  readonly advance: (title: string) => void;
  /** Takes the drawing away. */
  readonly end: () => void;
}

export function createProgress(stream: CliStream, total: number): Progress {
  if (stream.isTTY !== true || !(stream instanceof Writable)) {
    return { isDrawn: false, advance() {}, end() {} };
  }
  const format = "{bar} {value}/{total} {title}";
  const bar = new SingleBar({ stream, format, barsize: 20, clearOnComplete: true }, Presets.shades_classic);
  bar.start(total, 0, { title: "" });
  return {
    isDrawn: true,
    advance: (title) => bar.increment({ title: title.slice(0, 50) }),
    end: () => bar.stop(),
  };
}
