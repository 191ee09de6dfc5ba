/** What an agent may do to its thread, and the word that it is to be answered with. */
export type Shape =
  | (typeof LOOPS)[number]
  | (typeof NATIVES)[number]
  | (typeof CRASHES)[number]
  | (typeof HEAPS)[number]
  | (typeof FLOODS)[number]
  | 'the environment'
  | 'starved pool'
  | 'nested workers'
  | '2 GB of buffers'
  | 'memory that nobody counts'
  | 'a loop of seconds'
  | 'deep recursion';

export const LOOPS = ['endless loop', 'catastrophic regex', 'endless wasm', 'endless microtasks'] as const;
/** Native code that `terminate()` has to wait for. */
export const NATIVES = ['pbkdf2Sync for 20 s', 'recursive query', 'sleeping child'] as const;
export const CRASHES = ['exit', 'unhandled rejection', 'unhandled exception'] as const;
export const HEAPS = ['many objects', 'long strings', 'wide map'] as const;
export const FLOODS = ['message flood', 'stdout flood'] as const;
