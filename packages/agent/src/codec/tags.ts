/** What a value may be: 200 deep, 16 MiB of text. */
export const MAX_DEPTH = 200;
export const MAX_CHARS = 16 * 1024 * 1024;
/** Of a bigint with its sign: to read more of them takes seconds. */
export const MAX_DIGITS = 100_000;

/** An object whose only key is this one is not the author's: `{"$": [tag, payload?]}`. Such an object of the author's travels as `object`. */
export const TAG = '$';

export type Tag = 'undefined' | 'number' | 'bigint' | 'date' | 'bytes' | 'map' | 'set' | 'object';

/** Sets an own field, also one named `__proto__`, which an assignment would take for the prototype. */
export function put(object: object, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else (object as Record<string, unknown>)[key] = value;
}
