import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { State } from '@openclaw-runtime/store';
import { type KeyRow, overSince } from './key.ts';

/** All keys, in memory and in the store. */
export interface KeyRing {
  /** Whether there ever was a key: from then on nobody comes in without saying who he is. */
  readonly inUse: boolean;
  find(id: string): KeyRow | undefined;
  rows(): readonly KeyRow[];
  /** Durable when it resolves. What `act` throws is passed on, and nothing is changed; it may be called again, with rows that somebody else wrote meanwhile. */
  change<T>(act: (rows: KeyRow[]) => T): Promise<T>;
  /** Somebody came with it just now. */
  used(id: string): void;
  /** Every second: writes down when keys were last used, at most once a minute. */
  tick(): void;
}

interface Value {
  readonly v: 1;
  readonly keys: readonly KeyRow[];
}

const KEY = 'keys';
const TRIES = 8;
const USED_MS = 60_000;
/** How long a list still shows keys that are over, and how many of them. */
const OVER_MS = 90 * 24 * 3_600_000;
const MOST_OVER = 1_000;

/** Rejects with `DATA_FORMAT` for keys of a newer version. */
export async function openKeyRing(state: State, clock: Clock): Promise<KeyRing> {
  let rev = 0;
  let known = new Map<string, KeyRow>();
  let inUse = false;
  const used = new Map<string, number>();
  let writtenAt = clock.now();
  let last: Promise<unknown> = Promise.resolve();

  const take = (rows: readonly KeyRow[], at: number): void => {
    rev = at;
    known = new Map(rows.map((row) => [row.id, row]));
    inUse ||= at > 0;
  };
  const load = async (): Promise<void> => {
    const found = await state.get('_house', KEY);
    if (!found) return take([], 0);
    const { v, keys } = JSON.parse(found.value) as Value;
    if (v !== 1) throw new OpenClawError('DATA_FORMAT', `The keys are of version ${String(v)}, and this program knows 1. Update it.`);
    take(keys, found.rev);
  };
  const write = async <T>(act: (rows: KeyRow[]) => T): Promise<T> => {
    for (let i = 1; ; i++) {
      const rows = [...known.values()].map((row) => withUse(row, used));
      const result = act(rows);
      const kept = shownOf(rows, clock.wall());
      const value: Value = { v: 1, keys: kept };
      try {
        take(kept, await state.put('_house', KEY, JSON.stringify(value), rev));
        return result;
      } catch (error) {
        if (!(error instanceof OpenClawError) || error.code !== 'STATE_CONFLICT' || i === TRIES) throw error;
        await load();
      }
    }
  };
  /** One after the other. */
  const change = <T>(act: (rows: KeyRow[]) => T): Promise<T> => {
    const done = last.then(() => write(act));
    last = done.catch(() => undefined);
    return done;
  };

  await load();
  return {
    get inUse() {
      return inUse;
    },
    find: (id) => known.get(id),
    rows: () => [...known.values()].map((row) => withUse(row, used)),
    change,
    used: (id) => void used.set(id, clock.wall()),
    tick() {
      const now = clock.now();
      if (used.size === 0 || now - writtenAt < USED_MS) return;
      writtenAt = now;
      // What is lost of it is a time in a list.
      change(() => undefined).then(
        () => used.clear(),
        () => undefined,
      );
    },
  };
}

function withUse(row: KeyRow, used: ReadonlyMap<string, number>): KeyRow {
  const lastUsedMs = used.get(row.id);
  return lastUsedMs === undefined ? row : { ...row, lastUsedMs };
}

/** Without those that have been over for long, and of the others that are over the last. */
function shownOf(rows: readonly KeyRow[], wallMs: number): readonly KeyRow[] {
  const over = rows.filter((row) => overSince(row) <= wallMs).sort((a, b) => overSince(b) - overSince(a));
  const gone = new Set(over.filter((row, i) => i >= MOST_OVER || wallMs - overSince(row) >= OVER_MS));
  return gone.size === 0 ? rows : rows.filter((row) => !gone.has(row));
}
