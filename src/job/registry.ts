import { GangerError } from "../errors.ts";
import type { JobDefinition } from "./define-job.ts";

/** The kinds of job that a process knows, by name. */
export class JobRegistry {
  readonly #definitions = new Map<string, AnyJob>();

  /** @throws `GANGER_JOB_DUPLICATE` when two of them have one name. */
  constructor(definitions: Iterable<AnyJob>) {
    for (const definition of definitions) {
      const other = this.#definitions.get(definition.name);
      if (other === definition) continue;
      if (other !== undefined) {
        throw new GangerError("GANGER_JOB_DUPLICATE", `Two jobs are named "${definition.name}"`, {
          hint: "Give each job definition a name of its own.",
        });
      }
      this.#definitions.set(definition.name, definition);
    }
  }

  find(name: string): AnyJob | undefined {
    return this.#definitions.get(name);
  }

  /** @throws `GANGER_JOB_UNKNOWN`, naming the ones there are. */
  get(name: string): AnyJob {
    const definition = this.#definitions.get(name);
    if (definition !== undefined) return definition;
    const known = [...this.#definitions.keys()].sort();
    throw new GangerError("GANGER_JOB_UNKNOWN", `No job is named "${name}"`, {
      hint: known.length === 0 ? "No job is defined." : `Jobs are ${known.slice(0, 20).join(", ")}.`,
    });
  }

  get names(): readonly string[] {
    return [...this.#definitions.keys()];
  }
}

/** A definition of which only the name is known: payloads are checked by its schema, not by the compiler. */
export type AnyJob = JobDefinition;
