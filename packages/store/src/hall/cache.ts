import type { Entry } from './entry.ts';

/** Runs in memory: all that are not done, and the recently ended as far as they fit. */
export interface Cache {
  get(key: string): Entry | undefined;
  /** Those that are not done. */
  alive(): Iterable<Entry>;
  add(entry: Entry): void;
  /** The run ended and its records have a place of their own: it may go when room is needed. */
  retire(entry: Entry): void;
  /** What is stored of an ended run has changed: it is no longer found here. */
  drop(key: string): void;
}

export function createCache(maxChars: number): Cache {
  const entries = new Map<string, Entry>();
  /** Oldest first, from `gone` on. */
  let retired: Entry[] = [];
  let gone = 0;
  let chars = 0;

  /** The text, and roughly what the objects around it take. */
  const cost = (entry: Entry): number => entry.bytes + 1024 + entry.pieces.length * 256;

  return {
    get: (key) => entries.get(key),
    alive: () => entries.values().filter(({ head }) => !head.done),
    add: (entry) => void entries.set(entry.key, entry),
    retire(entry) {
      retired.push(entry);
      chars += cost(entry);
      while (chars > maxChars && gone < retired.length) {
        const oldest = retired[gone++] as Entry;
        chars -= cost(oldest);
        if (entries.get(oldest.key) === oldest) entries.delete(oldest.key);
      }
      if (gone > 1024 && gone * 2 > retired.length) {
        retired = retired.slice(gone);
        gone = 0;
      }
    },
    drop(key) {
      const entry = entries.get(key);
      if (!entry?.head.done) return;
      entries.delete(key);
      chars -= cost(entry);
      entry.pieces = [];
      entry.bytes = 0;
      chars += cost(entry);
    },
  };
}
