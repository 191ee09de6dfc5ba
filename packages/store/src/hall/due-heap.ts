import type { Entry } from './entry.ts';

/** Runs by when they are due, the first of them at hand. Each knows its own place (`rank`), so that it is taken out without a search. */
export interface DueHeap {
  readonly size: number;
  /** When the first is due; infinity when there is none. */
  readonly firstMs: number;
  add(entry: Entry, dueMs: number): void;
  /** Nothing happens where it is not in here. */
  remove(entry: Entry): void;
  /** Takes out the first, if it is due. */
  takeDue(nowMs: number): Entry | undefined;
}

export function createDueHeap(): DueHeap {
  // Two lists side by side, so that a run costs no object here.
  const entries: Entry[] = [];
  const dues: number[] = [];

  const set = (at: number, entry: Entry, dueMs: number): void => {
    entries[at] = entry;
    dues[at] = dueMs;
    entry.rank = at;
  };

  const due = (at: number): number => dues[at] ?? Number.POSITIVE_INFINITY;

  const up = (from: number, entry: Entry, dueMs: number): void => {
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (due(above) <= dueMs) break;
      set(at, entries[above] as Entry, due(above));
      at = above;
    }
    set(at, entry, dueMs);
  };

  const down = (from: number, entry: Entry, dueMs: number): void => {
    let at = from;
    for (;;) {
      const left = at * 2 + 1;
      const below = due(left + 1) < due(left) ? left + 1 : left;
      if (due(below) >= dueMs) break;
      set(at, entries[below] as Entry, due(below));
      at = below;
    }
    set(at, entry, dueMs);
  };

  const remove = (entry: Entry): void => {
    const at = entry.rank;
    if (at < 0) return;
    entry.rank = -1;
    const last = entries.pop() as Entry;
    const lastMs = dues.pop() as number;
    if (last === entry) return;
    if (at > 0 && due((at - 1) >> 1) > lastMs) up(at, last, lastMs);
    else down(at, last, lastMs);
  };

  return {
    get size() {
      return entries.length;
    },
    get firstMs() {
      return due(0);
    },
    add(entry, dueMs) {
      remove(entry);
      up(entries.length, entry, dueMs);
    },
    remove,
    takeDue(nowMs) {
      const first = entries[0];
      if (first === undefined || due(0) > nowMs) return undefined;
      remove(first);
      return first;
    },
  };
}
