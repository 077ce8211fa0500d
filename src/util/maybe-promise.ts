/** What is known already, or will be. */
export type MaybePromise<T> = T | Promise<T>;
