import { Ring, SlotMap } from '@openclaw-runtime/kit';
import type { Entry } from './entry.ts';

/** Runs in memory: all that are not done, and the recently ended as far as they fit. */
export interface Cache {
  get(key: string): Entry | undefined;
  /** Those that are not done. */
  alive(): Iterable<Entry>;
  add(entry: Entry): void;
  /** The run ended and its records have a place of their own: it may go with the next `trim`. */
  retire(entry: Entry): void;
  /** Lets those that ended first go, as far as there is no room for them. */
  trim(): void;
  /** What is stored of an ended run has changed: it is no longer found here. */
  drop(key: string): void;
}

export function createCache(maxChars: number): Cache {
  const entries = new SlotMap<string, Entry>();
  /** Oldest first. */
  const retired = new Ring<Entry>();
  let chars = 0;

  /** The text, and roughly what the objects around it take. */
  const cost = (entry: Entry): number => entry.bytes + 1024 + entry.pieces.length * 256;

  return {
    get: (key) => entries.get(key),
    alive: () => entries.values().filter(({ head }) => !head.done),
    add: (entry) => entries.set(entry.key, entry),
    retire(entry) {
      retired.push(entry);
      chars += cost(entry);
    },
    trim() {
      while (chars > maxChars) {
        const oldest = retired.shift();
        if (!oldest) break;
        chars -= cost(oldest);
        if (entries.get(oldest.key) === oldest) entries.delete(oldest.key);
      }
    },
    drop(key) {
      const entry = entries.get(key);
      if (!entry?.head.done) return;
      entries.delete(key);
      chars -= cost(entry);
      entry.pieces = [];
      entry.bytes = 0;
      entry.creation = '';
      entry.commands = [];
      chars += cost(entry);
    },
  };
}
