/** Imported for what it does. */
export type Early = never;
