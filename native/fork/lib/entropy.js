import crypto from "node:crypto";

// Of Node's own, in numbers of answers from one filling. A call too many costs less than a microsecond.
const uuidsCached = 128;
const integersCached = 1024;

const pool = new Uint32Array(1024);
let used = pool.length;

/**
 * Math.random out of the system's entropy. V8's own cannot be seeded from JavaScript, and its state is copied by a
 * fork. 53 bits, as V8's.
 */
function random() {
  if (used >= pool.length) {
    crypto.randomFillSync(pool);
    used = 0;
  }
  const high = pool[used] >>> 5;
  const low = pool[used + 1] >>> 6;
  used += 2;
  return (high * 0x4000000 + low) / 0x20000000000000;
}

/** Puts ours in the place of Math.random. Whoever took the function before has the old one. */
export function replaceRandom() {
  if (Math.random === random) return;
  Object.defineProperty(random, "name", { value: "random" });
  Math.random = random;
}

/** In a new child: nothing that was drawn before the fork, and not handed out yet, is handed out after it. */
export function refreshEntropy() {
  used = pool.length;
  replaceRandom();
  for (const draw of [crypto.randomUUID, crypto.randomUUIDv7]) {
    if (draw !== undefined) for (let count = 0; count < uuidsCached; count += 1) draw();
  }
  for (let count = 0; count < integersCached; count += 1) crypto.randomInt(2);
}
