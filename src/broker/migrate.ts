/**
 * The schema of one store. Brokers whose store has none (memory, Redis, RabbitMQ) have no migrations.
 *
 * Versions are whole numbers from 1. Beside its version a store keeps the oldest version of ganger's schema
 * that can still work with it, so that a release which knows up to N - 1 goes on while one that knows N has
 * migrated: it is refused with `GANGER_BROKER_NEWER` only when it is older than that. All changes are made
 * under a lock of the store, so that any number of processes may start at once.
 */
export interface Migrations extends AsyncDisposable {
  /** The newest version that this release knows. */
  readonly latest: number;

  /** The store's version; 0 where there is nothing of ours. */
  current(): Promise<number>;

  /** What `up` would do now. Changes nothing. */
  plan(): Promise<readonly Migration[]>;

  /** Brings the store to `latest`, and resolves with what was done: nothing when another was faster. */
  up(): Promise<readonly Migration[]>;

  /**
   * Takes the store back to a version, the newest step first; 0 deletes everything of ours, jobs and all.
   * Resolves with what was done.
   */
  down(version: number): Promise<readonly Migration[]>;
}

export interface Migration {
  readonly version: number;
  /** The statements that lead to this version, or back from it, as text for people. */
  readonly statements: string;
}

/** How a broker is opened. */
export interface OpenOptions {
  /**
   * Whether its store is brought to the newest schema first.
   * Without, an older store is refused with `GANGER_BROKER_OLDER`. @default true
   */
  readonly migrate?: boolean | undefined;
}
