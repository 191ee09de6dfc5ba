/** The same promise; at its rejection nobody is obliged to look, since it is told elsewhere too. */
export function optional<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** An optional promise that is settled from outside. */
export function createPromise<T>(): PromiseWithResolvers<T> {
  const made = Promise.withResolvers<T>();
  void optional(made.promise);
  return made;
}
