/** The least that Node.js can be: it says that it runs, and waits for its end. */
process.stdout.write(`${JSON.stringify({ msg: "all ready" })}\n`);
setInterval(() => {}, 1 << 30);
