import type { Entry } from './entry.ts';

/** What the journal holds, a row a commit, and whose records keep its rows from going. */
export interface JournalWindow {
  /** Characters in it. */
  readonly chars: number;
  /** The commit `id` puts so many characters into it. */
  add(id: number, chars: number): void;
  /** The run's oldest record that has no other place is in the commit `id`, unless it was in an older one. */
  mark(entry: Entry, id: number): void;
  /** Runs whose records are the oldest in it, at most `most`, as far as `free` says that they may be moved. */
  oldest(most: number, free: (entry: Entry) => boolean): Entry[];
  /** The first row that is still needed, `next` where there is none; forgets the ones before it. */
  lowWater(next: number): number;
}

export function createJournalWindow(): JournalWindow {
  /** Runs in the order in which their oldest journalled record was written. */
  let ageing: { readonly entry: Entry; readonly id: number }[] = [];
  let rows: { readonly id: number; readonly chars: number }[] = [];
  let held = 0;

  return {
    get chars() {
      return held;
    },
    add(id, chars) {
      if (chars > 0) rows.push({ id, chars });
      held += chars;
    },
    mark(entry, id) {
      if (entry.journal !== 0) return;
      entry.journal = id;
      ageing.push({ entry, id });
    },
    oldest(most, free) {
      const old: Entry[] = [];
      for (const { entry, id } of ageing) {
        if (old.length === most) break;
        if (entry.journal === id && entry.head.seq > entry.placed && free(entry)) old.push(entry);
      }
      return old;
    },
    lowWater(next) {
      const needed = ageing.findIndex((age) => age.entry.journal === age.id);
      ageing = needed < 0 ? [] : needed === 0 ? ageing : ageing.slice(needed);
      const low = ageing[0]?.id ?? next;
      const kept = rows.findIndex((row) => row.id >= low);
      const gone = kept < 0 ? rows.length : kept;
      for (let i = 0; i < gone; i++) held -= rows[i]?.chars ?? 0;
      if (gone > 0) rows = rows.slice(gone);
      return low;
    },
  };
}
