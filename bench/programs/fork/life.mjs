/** What every life of a comparison does once its application is there: says when that was, and works when it is told to. */
export function live(app, say, listen) {
  // One clock for all processes of a machine.
  say({ type: "began", at: Number(process.hrtime.bigint()) / 1e6 });
  listen(({ jobs }) => {
    for (let n = 0; n < jobs; n++) app.work(n);
    say({ type: "worked" });
  });
}
