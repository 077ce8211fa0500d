import { expect, it } from "vitest";
import { MemoryWakeups } from "../../src/brokers/memory/wakeups.ts";
import { eventually } from "../support/eventually.ts";

it("tells everybody the same, also when one who is woken has news at once", async () => {
  const wakeups = new MemoryWakeups();
  const heard: (string | undefined)[] = [];
  let isFirst = true;
  await wakeups.subscribe(() => {
    if (isFirst) wakeups.wake("mail");
    isFirst = false;
  });
  await wakeups.subscribe((queue) => heard.push(queue));
  wakeups.wake();

  await eventually("both were told", () => heard.length === 2);
  expect(heard).toEqual([undefined, "mail"]);
});
