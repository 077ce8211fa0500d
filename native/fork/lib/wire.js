// The other half of src/server/wire.h, src/child/order.h and src/child/streams.h.
import { constants } from "node:os";

const headBytes = 5;
const maxText = 0xffff;
const maxSockets = 16;

export function encodeFrame(kind, id, body = Buffer.alloc(0)) {
  const head = Buffer.allocUnsafe(4 + headBytes);
  head.writeUInt32BE(headBytes + body.length, 0);
  head.write(kind, 4, "latin1");
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, body]);
}

/** `pid` 0 is the child of this id. */
export function encodeKill(id, { pid = 0, signal, group }) {
  const body = Buffer.alloc(9);
  body.writeInt32BE(pid, 0);
  body.writeInt32BE(toSignal(signal), 4);
  body[8] = group === true ? 1 : 0;
  return encodeFrame("K", id, body);
}

function toSignal(signal) {
  const number = typeof signal === "number" ? signal : constants.signals[signal];
  if (Number.isInteger(number) && number >= 0 && number <= 64) return number;
  throw new TypeError(`Unknown signal: ${String(signal)}`);
}

function text(value, what) {
  const bytes = Buffer.from(String(value));
  if (bytes.length > maxText)
    throw new TypeError(`${what} may have ${maxText} bytes, and has ${bytes.length}`);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

function encodeSocket(target) {
  if (typeof target?.socket !== "string") {
    throw new TypeError(`A socket is { socket, hello? }, and not ${JSON.stringify(target)}`);
  }
  return Buffer.concat([text(target.socket, "A path"), text(target.hello ?? "", "A hello")]);
}

function encodeStream(stream, number) {
  if (stream === "inherit") return Buffer.from("i");
  if (stream === "null") return Buffer.from("0");
  if (stream === "stdout" && number === 2) return Buffer.from("1");
  if (typeof stream?.file === "string") return Buffer.concat([Buffer.from("f"), text(stream.file, "A path")]);
  if (typeof stream?.socket === "string") return Buffer.concat([Buffer.from("s"), encodeSocket(stream)]);
  throw new TypeError(
    `A stream is "inherit", "null", { file } or { socket, hello? }, and not ${JSON.stringify(stream)}`,
  );
}

const detachments = new Map([
  [undefined, 0],
  ["group", 1],
  ["session", 2],
]);

function encodeHead({ detached, parentDeathSignal }) {
  const group = detached?.group;
  const isJoining = Number.isInteger(group) && group > 0;
  const how = isJoining ? 3 : detachments.get(detached);
  if (how === undefined)
    throw new TypeError(
      `detached is "group", "session" or { group: pid }, and not ${JSON.stringify(detached)}`,
    );
  const head = Buffer.alloc(6);
  head[0] = how;
  head[1] = parentDeathSignal === undefined ? 0 : toSignal(parentDeathSignal);
  head.writeUInt32BE(isJoining ? group : 0, 2);
  return head;
}

/** What the server passes on unread: the settings that JavaScript makes true in the child, and the caller's bytes. */
function encodeRest(request, settings) {
  const json = Buffer.from(settings === undefined ? "" : JSON.stringify(settings));
  const size = Buffer.allocUnsafe(4);
  size.writeUInt32BE(json.length, 0);
  return Buffer.concat([size, json, Buffer.from(request)]);
}

/** Undoes `encodeRest`, in the child. */
export function decodeRest(bytes) {
  const end = 4 + bytes.readUInt32BE(0);
  const settings = end === 4 ? {} : JSON.parse(bytes.toString("utf8", 4, end));
  return { settings, request: bytes.subarray(end) };
}

function toSettings({ env = {}, title, stdio }) {
  // A variable that is undefined is one to take away; JSON would leave it out.
  const variables = Object.entries(env).map(([name, value]) => [
    name,
    value === undefined ? null : String(value),
  ]);
  const replaced = [1, 2].filter((number) => stdio[number] !== "inherit");
  if (variables.length === 0 && title === undefined && replaced.length === 0) return undefined;
  return { env: variables, title, replaced };
}

export function encodeFork(request, options) {
  const { stdin = "null", stdout = "inherit", stderr = "inherit", sockets = [], cwd = "" } = options;
  if (sockets.length > maxSockets)
    throw new TypeError(`A fork may have ${maxSockets} sockets, and not ${sockets.length}`);
  const stdio = [stdin, stdout, stderr];
  return Buffer.concat([
    encodeHead(options),
    ...stdio.map(encodeStream),
    text(cwd, "A path"),
    Buffer.from([sockets.length]),
    ...sockets.map(encodeSocket),
    encodeRest(request, toSettings({ ...options, stdio })),
  ]);
}

/** Hands on each complete frame; answers what is left over. */
export function takeFrames(bytes, onFrame) {
  let at = 0;
  while (bytes.length - at >= 4) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (bytes.length < end) break;
    onFrame(
      String.fromCharCode(bytes[at + 4]),
      bytes.readUInt32BE(at + 5),
      bytes.subarray(at + 4 + headBytes, end),
    );
    at = end;
  }
  return bytes.subarray(at);
}
