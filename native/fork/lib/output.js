import { writeSync } from "node:fs";
import { Writable } from "node:stream";

/** Of a millisecond or so, without the event loop. */
const shortWait = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);

function writeAll(fd, bytes) {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      // Whoever shares the descriptor may have said that it does not wait.
      if (error.code !== "EAGAIN") throw error;
      shortWait();
    }
  }
}

/** Written is written: in a child that ends, nothing is left to flush. */
class OutputStream extends Writable {
  constructor(fd) {
    super({ decodeStrings: true, emitClose: false });
    this.fd = fd;
  }

  _write(bytes, _encoding, done) {
    try {
      writeAll(this.fd, bytes);
      done();
    } catch (error) {
      done(error);
    }
  }

  /** Like Node's own: not to be closed, for others write to it too. */
  _destroy(error, done) {
    done(error);
  }
}

function define(name, get) {
  Object.defineProperty(process, name, { configurable: true, enumerable: true, get });
}

/** In the place of a stream that the application may have used already, as the server, and which leads elsewhere now. */
function replaceStream(name, fd) {
  let stream;
  define(name, () => (stream ??= new OutputStream(fd)));
  // The console keeps the one that it wrote to first.
  console[`_${name}`] = process[name];
}

/**
 * Writes to pipes and sockets wait until all is written. Node would queue the rest, and drop it at process.exit().
 */
function makeWait(name) {
  const original = Object.getOwnPropertyDescriptor(process, name);
  define(name, () => {
    const stream = original.get.call(process);
    Object.defineProperty(process, name, original);
    stream._handle?.setBlocking?.(true);
    return stream;
  });
}

/** In a new child, given which of its streams are not the server's. */
export function prepareOutput(replaced = []) {
  for (const [name, fd] of [
    ["stdout", 1],
    ["stderr", 2],
  ]) {
    if (replaced.includes(fd)) replaceStream(name, fd);
    else makeWait(name);
  }
}
