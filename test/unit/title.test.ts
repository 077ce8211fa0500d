import { describe, expect, it } from "vitest";
import { Title, type TitleFacts, titleOf } from "../../src/worker/process/title.ts";

const sinceMs = new Date(2026, 10, 21, 9, 5, 7, 999).getTime();
const job = { id: "1", queue: "mail", name: "send", sinceMs };
const idle: TitleFacts = { app: "shop", queues: "mail,*", state: "waiting", running: 0, jobs: [] };
const busy = { running: 1, jobs: [job] };
const DOING = "processing send (mail) since 09:05:07";

describe("the title of a worker", () => {
  it.each<[string, Partial<TitleFacts>, string]>([
    ["that starts", { state: "starting" }, "starting"],
    ["that waits", {}, "waiting"],
    ["with a job", { state: "working", ...busy }, DOING],
    ["with several", { state: "working", running: 12, jobs: [job, job] }, `${DOING} and 11 more`],
    ["that is paused", { state: "paused" }, "paused"],
    ["that is paused while a job runs", { state: "paused", ...busy }, `paused, ${DOING}`],
    ["that drains", { state: "draining", running: 2, jobs: [job] }, `draining, ${DOING} and 1 more`],
    ["that has drained", { state: "draining" }, "draining"],
  ])("%s", (_, facts, end) => {
    expect(titleOf({ ...idle, ...facts })).toBe(`ganger[shop]: worker mail,*: ${end}`);
  });

  it("does nothing to the terminal that shows it", () => {
    expect(titleOf({ ...idle, app: "\u001B[2J\n" })).toBe("ganger[?[2J?]: worker mail,*: waiting");
  });

  it("is set only when it is another", () => {
    const titles: string[] = [];
    const title = new Title((text) => titles.push(text));
    title.show(idle);
    title.show({ ...idle });
    title.show({ ...idle, state: "paused" });

    expect(titles).toEqual(["ganger[shop]: worker mail,*: waiting", "ganger[shop]: worker mail,*: paused"]);
  });
});
