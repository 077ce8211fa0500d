import { SingleBar } from "cli-progress";

/** A bar on a terminal; elsewhere a line now and then. */
export interface Progress {
  update(done: number, workers: number): void;
  note(line: string): void;
  stop(): void;
}

export function startProgress(title: string, total: number): Progress {
  return process.stderr.isTTY ? bar(title, total) : lines(title, total);
}

function bar(title: string, total: number): Progress {
  const format = `${title} {bar} {percentage}% {value}/{total} · {rate}/s · {crew}`;
  const progress = new SingleBar({ format, hideCursor: true, clearOnComplete: true, stream: process.stderr });
  const start = performance.now();
  progress.start(total, 0, { rate: 0, crew: "" });
  return {
    update: (done, workers) => progress.update(done, { rate: rate(done, start), crew: crew(workers) }),
    note(line) {
      process.stderr.write(`\r\u001B[K${line}\n`);
    },
    stop: () => progress.stop(),
  };
}

function lines(title: string, total: number): Progress {
  const start = performance.now();
  let nextAt = start + LINE_MS;
  return {
    update(done, workers) {
      if (performance.now() < nextAt) return;
      nextAt = performance.now() + LINE_MS;
      console.error(`${title} ${done}/${total} · ${rate(done, start)}/s · ${crew(workers)}`);
    },
    note: (line) => console.error(line),
    stop: () => {},
  };
}

const LINE_MS = 2000;

function crew(workers: number): string {
  return workers === 1 ? "one after the other" : `${workers} workers`;
}

function rate(done: number, start: number): number {
  return Math.round((done * 1000) / Math.max(1, performance.now() - start));
}
