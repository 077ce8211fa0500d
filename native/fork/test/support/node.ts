/** The Node.js that serves and is served: `FORK_NODE=/path/to/node npm test` tests the binary with another version. */
export const node: string = process.env["FORK_NODE"] ?? process.execPath;
