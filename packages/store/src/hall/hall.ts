import { type Clock, SlotMap } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { type Created, type Head, type Member, type Page, type RunKey, runOf, type Store } from '../contract/store.ts';
import { firstRecord } from './about.ts';
import { createCache } from './cache.ts';
import { cutPiece, joinPieces, limitPiece, type Piece } from './chunk.ts';
import { createCommitter, type Gap } from './committer.ts';
import type { EngineMeter } from './engine-meter.ts';
import { type Entry, newEntry, recoveredEntry } from './entry.ts';
import { createErasing } from './erasing.ts';
import { createInbox } from './inbox.ts';
import { createLeases } from './leases.ts';
import { createListing } from './listing.ts';
import { createParking } from './parking.ts';
import type { Persister, Recovered } from './persister.ts';
import { createRunIds } from './run-ids.ts';
import { createUpkeep } from './upkeep.ts';

export interface HallOptions {
  readonly persister: Persister;
  readonly recovered: Recovered;
  /** Keys the run ids of idempotency keys; 32 bytes that stay with the data. */
  readonly secret: Uint8Array;
  readonly clock: Clock;
  readonly gap: Gap;
  /** Characters of ended runs kept in memory. */
  readonly cacheChars: number;
  /** Characters that the requests of runs which have not ended may hold together; beyond it new runs are refused. */
  readonly maxAliveChars: number;
  /** Hears what owners make known, and of commands; what is committed the persister tells it. Absent: nothing is measured. */
  readonly meter?: EngineMeter | undefined;
}

export interface Hall extends Store {
  /** Goes on with erasures that were begun: to be called before anybody reads. */
  resume(): Promise<void>;
}

/** The store of one process: logs in memory as far as they are alive, everything durable through a {@link Persister}. */
export function createHall({ persister, recovered, secret, clock, gap, cacheChars, maxAliveChars, meter }: HallOptions): Hall {
  const cache = createCache(cacheChars);
  const members = new Set<Member>();
  const found = [...recovered.found];
  const creating = new SlotMap<RunKey, Promise<Created>>();
  let aliveChars = 0;
  let broken: (error: OpenClawError) => void;
  const failed = new Promise<OpenClawError>((resolve) => {
    broken = resolve;
  });

  const committer = createCommitter(persister, clock, gap, recovered.nextId, {
    // Not when a run ends: those that follow it read its end once the batch that brings it was told.
    acknowledged: () => cache.trim(),
    moved(entry) {
      if (entry.followers) for (const follower of entry.followers) follower();
      if (!entry.head.done) return;
      entry.followers = undefined;
      aliveChars -= entry.creation.length;
      cache.retire(entry);
      leases.finish(entry);
    },
    placed(entry) {
      parking.placed(entry);
      upkeep.fold(entry.key);
    },
    failed(error) {
      leases.fail(error);
      broken(error);
    },
  });
  const creationOf = async (entry: Entry): Promise<string> => {
    const { chunk, snapshot } = await readStored(entry.key as RunKey, 0, 1, entry);
    const creation = chunk ? firstRecord(chunk.body) : snapshot?.creation;
    if (creation === undefined) throw notFound(entry.key as RunKey);
    return creation;
  };
  const parking = createParking({
    clock,
    place: (entry) => persister.loads && committer.place(entry),
    creationOf,
    resized(chars) {
      aliveChars += chars;
    },
    offer: (entry) => leases.offer(entry, true),
  });
  const leases = createLeases(committer, parking, meter);
  const listing = createListing(persister, cache.alive, creationOf);
  const upkeep = createUpkeep({
    persister,
    clock,
    epoch: recovered.epoch,
    created: () => Promise.allSettled(creating.values()),
    changed: (key) => cache.drop(key),
  });

  const erasing = createErasing({
    persister,
    committer,
    leases,
    listing,
    clock,
    epoch: { current: () => upkeep.epoch, raise: upkeep.raise },
    alive: cache.alive,
    find: (key) => Promise.resolve(cache.get(key) ?? loadHead(key)),
    changed: (key) => cache.drop(key),
  });

  const renew = (entry: Entry): Promise<boolean> => {
    entry.epoch = Math.max(entry.epoch + 1, recovered.epoch);
    entry.head = { ...entry.head, epoch: entry.epoch };
    return committer.row({ op: 'epoch', key: entry.key, epoch: entry.epoch, born: entry.born, fingerprint: entry.fingerprint });
  };

  const left = recovered.runs.map(recoveredEntry);
  committer.adopt(left, recovered.firstId, recovered.chars);
  for (const entry of left) {
    cache.add(entry);
    aliveChars += entry.creation.length;
    // A full disk refuses it now; readers who know better than the log will ask for it again.
    if (recovered.regressed || entry.damage !== undefined) renew(entry).catch(() => undefined);
    leases.offer(entry);
  }

  const loadHead = async (key: RunKey): Promise<Head> => {
    const stored = await persister.load(key, Number.MAX_SAFE_INTEGER, 0);
    if (!stored) throw notFound(key);
    return stored.head;
  };

  const readStored = async (key: RunKey, after: number, maxBytes: number, entry: Entry | undefined): Promise<Page> => {
    const stored = await persister.load(key, after, maxBytes);
    if (!stored) throw notFound(key);
    const head = entry?.head ?? stored.head;
    if (stored.expired) {
      const snapshot = await persister.snapshot(key);
      if (!snapshot) throw notFound(key);
      return { head, before: snapshot.h, snapshot };
    }
    return stored.piece ? { head, before: stored.before, chunk: stored.piece } : { head, before: stored.before };
  };

  /** Keeps room for the request of a run. Throws `RATE_LIMITED` when there is none. */
  const reserve = (chars: number): void => {
    if (aliveChars + chars > maxAliveChars) {
      const message = 'The runs that have not ended hold all the room there is for requests. Try again when some have.';
      throw new OpenClawError('RATE_LIMITED', message, { retryAfterMs: 1_000 });
    }
    aliveChars += chars;
  };

  /** The first commit of a run, which finds out whether it is one: until then the run cannot be seen. */
  const begin = async (key: RunKey, record: string, fingerprint: string): Promise<Created> => {
    const entry = newEntry(key, committer.nextBorn(), record, fingerprint, upkeep.epoch);
    let isNew = false;
    try {
      const creation = await committer.create(entry);
      isNew = creation.created;
      if (!creation.created) return { created: false, head: creation.stored.head, fingerprint: creation.stored.fingerprint || fingerprint };
    } finally {
      if (!isNew) aliveChars -= record.length;
      creating.delete(key);
    }
    cache.add(entry);
    const { head } = entry;
    leases.offer(entry);
    return { created: true, head, fingerprint };
  };

  const read = (key: RunKey, after: number, maxBytes: number): Page | Promise<Page> => {
    const entry = cache.get(key);
    if (!entry) return readStored(key, after, maxBytes, undefined);
    return readMemory(entry, after, maxBytes) ?? readStored(key, after, maxBytes, entry);
  };

  return {
    failed,
    async resume() {
      found.push(...(await erasing.resume(recovered.erasures ?? [], recovered.isDeleted === true)));
    },
    runId: createRunIds(secret),
    runs: {
      async create(key, record, fingerprint): Promise<Created> {
        if (erasing.mayNotBegin(key, record)) throw beingErased();
        const first = creating.get(key);
        if (first) return { ...(await first), created: false };
        const known = cache.get(key);
        // What a damaged run was asked may be lost: then it is what this caller asks.
        if (known) return { created: false, head: known.head, fingerprint: known.fingerprint || fingerprint };
        reserve(record.length);
        const created = begin(key, record, fingerprint);
        creating.set(key, created);
        return created;
      },
      read,
      follow(key, onAdvance) {
        const entry = cache.get(key);
        if (!entry || entry.head.done) return () => undefined;
        if (entry.followers) entry.followers.push(onAdvance);
        else entry.followers = [onAdvance];
        return () => {
          const others = entry.followers?.filter((each) => each !== onAdvance);
          entry.followers = others?.length ? others : undefined;
        };
      },
      snapshot: (key) => persister.snapshot(key),
      list: listing.list,
      async regress(key, seen) {
        const entry = cache.get(key);
        if (erasing.isGoing(key)) throw notFound(key);
        if (entry) {
          if (entry.epoch === seen) await renew(entry);
          return entry.head;
        }
        const head = await loadHead(key);
        if (head.epoch !== seen) return head;
        if (erasing.isGoing(key)) throw notFound(key);
        const epoch = Math.max(seen + 1, recovered.epoch);
        await committer.row({ op: 'epoch', key, epoch, born: 0, fingerprint: '' });
        return { ...head, epoch };
      },
    },
    queue: {
      consume: leases.consume,
      line: leases.line,
      claim(key) {
        const entry = cache.get(key);
        if (!entry) return Promise.reject(notFound(key));
        return leases.claim(entry);
      },
    },
    inbox: createInbox({
      meter,
      committer,
      leases,
      persister,
      cached: (key) => cache.get(key),
      check(key) {
        if (erasing.isGoing(key)) throw notFound(key);
      },
      async find(key) {
        await creating.get(key);
        const entry = cache.get(key);
        if (!entry) await loadHead(key);
        return entry;
      },
    }),
    state: {
      get: (tenant, key) => persister.state(`${tenant}/${key}`),
      async put(tenant, key, value, rev) {
        const place = `${tenant}/${key}`;
        const going = erasing.stateGoing(place);
        const applied = going ? await going.then(() => false) : await committer.row({ op: 'state', key: place, value, rev });
        if (!applied) throw new OpenClawError('STATE_CONFLICT', `The state ${key} is no longer at revision ${rev}. Read it again.`);
        return rev + 1;
      },
    },
    presence: {
      announce(member) {
        members.add(member);
        return () => void members.delete(member);
      },
      list: () => Promise.resolve([...members]),
    },
    upkeep: {
      compact: upkeep.compact,
      verify: persister.verify,
      backup: persister.backup,
      erase: erasing.erase,
      onErased: erasing.onErased,
      found,
    },
    async close() {
      await erasing.stop();
      parking.stop();
      await upkeep.stop();
      await committer.idle();
      await persister.close();
    },
  };
}

/** The answer from memory, or `undefined` when the cursor lies before what memory holds. */
function readMemory(entry: Entry, after: number, maxBytes: number): Page | undefined {
  const { head, pieces } = entry;
  if (after >= head.seq) return { head, before: head.h };
  const last = pieces.length - 1;
  let at = last;
  while (at > 0 && (pieces[at] as Piece).first > after + 1) at--;
  const first = pieces[at];
  if (!first || first.first > after + 1) return undefined;
  const parts: [Piece, ...Piece[]] = [cutPiece(first, after)];
  let chars = parts[0].body.length;
  // A page ends where a piece does: then neither this one nor the next has to be taken apart.
  while (at < last && chars + 1 + (pieces[at + 1] as Piece).body.length <= maxBytes) {
    const piece = pieces[++at] as Piece;
    parts.push(piece);
    chars += 1 + piece.body.length;
  }
  const chunk = limitPiece(joinPieces(parts), maxBytes);
  return { head, before: chunk.before, chunk };
}

function beingErased(): OpenClawError {
  return new OpenClawError('RATE_LIMITED', 'What was in this place is being erased. Try again when that is done.', { retryAfterMs: 1_000 });
}

function notFound(key: RunKey): OpenClawError {
  return new OpenClawError('NOT_FOUND', `There is no run ${runOf(key)}.`);
}
