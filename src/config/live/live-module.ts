import { brokenModule, evaluateModule } from "../file/evaluated.ts";
import { isMapping } from "../layer/sources.ts";
import { within } from "../module/deadline.ts";
import { importDefault, isPlaceless, ModuleError } from "../module/import.ts";
import { isLoader, type PlainConfig, type PlainOptions, toPlainConfig } from "../module/plain.ts";

/** How long a module may take to be loaded. */
const IMPORT_MS = 30_000;

/** A configuration module in this very process, so that its functions stay alive. */
export class LiveModule {
  #exported: unknown;
  #options: PlainOptions | undefined;

  /** Loads it and asks its loaders. As an `Evaluate`, it takes the place of a process of its own. */
  readonly evaluate = async (options: PlainOptions): Promise<PlainConfig> => {
    try {
      this.#exported = await within(IMPORT_MS, importDefault(options.file), () => {
        throw new ModuleError(`took longer than ${IMPORT_MS / 1000} s`);
      });
    } catch (error) {
      // A process that ends by it can say where the slip is.
      if (isPlaceless(error)) return evaluateModule(options);
      throw toProblem(options.file, error);
    }
    this.#options = options;
    resetLoaders(this.#exported);
    return this.ask();
  };

  /** What it says now. */
  async ask(): Promise<PlainConfig> {
    const options = this.#options;
    if (options === undefined) throw new TypeError("no module is loaded");
    try {
      return await toPlainConfig(this.#exported, options);
    } catch (error) {
      throw toProblem(options.file, error);
    }
  }
}

function toProblem(file: string, error: unknown): unknown {
  return error instanceof ModuleError ? brokenModule(file, error.message, error) : error;
}

function resetLoaders(exported: unknown): void {
  if (!isMapping(exported)) return;
  const { environments } = exported;
  for (const section of [exported, ...(isMapping(environments) ? Object.values(environments) : [])]) {
    if (!isMapping(section)) continue;
    const { workers } = section;
    if (isLoader(workers) && "reset" in workers && typeof workers.reset === "function") workers.reset();
  }
}
