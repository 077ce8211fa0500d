import { defineJob } from "ganger";

export const nothing = defineJob({
  name: "nothing",
  queue: "work",
  async perform(_payload: object): Promise<void> {},
});
