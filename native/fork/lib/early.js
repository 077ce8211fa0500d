// Imported before everything else (`node --import ganger-fork/early`), so that code which keeps a reference to
// Math.random keeps one that a fork renews.
import { replaceRandom } from "./entropy.js";

replaceRandom();
