import { type Clock, sleep } from '@openclaw-runtime/kit';
import { encodeRecord, NO_USAGE, OpenClawError } from '@openclaw-runtime/protocol';
import {
  type Damage,
  type Erased,
  type EraseOptions,
  type EraseReport,
  type Erasure,
  type RunKey,
  runKey,
  tenantOf,
  type Upkeep,
} from '../contract/store.ts';
import { aboutOf } from './about.ts';
import type { Committer } from './committer.ts';
import type { Entry } from './entry.ts';
import type { Leases } from './leases.ts';
import type { Listing } from './listing.ts';
import type { EraseAsk, EraseStart, Persister } from './persister.ts';

export interface ErasingParts {
  readonly persister: Pick<Persister, 'erase'>;
  readonly committer: Pick<Committer, 'flushed'>;
  readonly leases: Pick<Leases, 'claim'>;
  readonly listing: Listing;
  readonly clock: Clock;
  /** With which new runs begin; those of an older one may go. */
  readonly epoch: { current(): number; raise(to: number): Promise<void> };
  /** Runs in memory that have not ended. */
  alive(): Iterable<Entry>;
  /** Rejects with `NOT_FOUND`. */
  find(key: RunKey): Promise<unknown>;
  /** What is stored of the run has changed. */
  changed(key: string): void;
}

export interface Erasing extends Pick<Upkeep, 'erase' | 'onErased'> {
  /** Whether the run is being erased: nothing may be stored of it. */
  isGoing(key: string): boolean;
  /** The same of one that is about to begin with this record: also where it was started by one that is. */
  mayNotBegin(key: RunKey, creation: string): boolean;
  /** Defined while the same goes for a value of the state; resolves, never rejects, when that is over. */
  stateGoing(key: string): Promise<unknown> | undefined;
  /** Goes on with those that were begun; `isDeleted`: what others deleted is still to be overwritten. Answers with those that damage keeps from it. */
  resume(erasures: readonly Erasure[], isDeleted: boolean): Promise<readonly Damage[]>;
  /** Resolves when none is at work any more. */
  stop(): Promise<void>;
}

/** Times as long as a slice took in which commits have the engine to themselves, and the milliseconds in which a file that rests is asked for again. */
const REST = 3;
const HELD_MS = 50;
/** Of the whole, the part that is deleting: about. */
const DELETING = 0.3;
/** Of a list: so that reading one page holds up nobody. */
const PAGE = 100;

const END = encodeRecord('run.finished', 0, 0, { status: 'cancelled', by: 'erased', usage: NO_USAGE });

/**
 * Erases. What is asked for meanwhile is deleted, too, before all of it is overwritten together:
 * 1. from the first moment on nothing new is taken in of what goes, and what was taken in before is durable;
 * 2. its runs that are at work get an end here, whoever holds them, so that only runs that have ended are deleted;
 * 3. the engine writes down what is asked, deletes it, and at last overwrites whatever was ever left in places that are not used any more.
 */
export function createErasing(parts: ErasingParts): Erasing {
  const { persister, committer, leases, listing, clock, epoch } = parts;
  const stopping = new AbortController();
  const holds = new Set<Hold>();
  const listeners = new Set<(erased: Erased) => void | Promise<void>>();
  const jobs: Job[] = [];
  let working: Promise<void> | undefined;
  let removing: Promise<unknown> = Promise.resolve();

  const end = async (entry: Entry): Promise<void> => {
    if (entry.head.done) return;
    const lease = await leases.claim(entry);
    if (!entry.ending) lease.append([END], 'disk', true);
    await lease.settled();
  };
  const endAll = async (isMeant: (key: string) => boolean): Promise<void> => {
    await epoch.raise(epoch.current());
    await Promise.all([...parts.alive()].filter(({ key }) => isMeant(key)).map(end));
  };

  const holdAll = async (hold: Hold): Promise<undefined> => {
    holds.add(hold);
    await endAll((key) => isIn(hold, key));
  };

  /** The run and those that it started, and so on, which are held from now on and have ended when it resolves; with the states of their sessions. */
  const gather = async (hold: Hold, tenant: string, run: string): Promise<{ runs: string[]; states: string[] }> => {
    const { keys, states } = hold;
    const runs = new Set<string>([run]);
    const sessions = new Set<string>();
    holds.add(hold);
    for (let known = -1; known < runs.size; ) {
      for (const each of runs) keys.add(runKey(tenant, each));
      await endAll((key) => keys.has(key));
      known = runs.size;
      for await (const { run: id, parent, session } of allOf(listing, tenant)) {
        if (parent !== undefined && runs.has(parent)) runs.add(id);
        if (session !== undefined && runs.has(id)) sessions.add(`session/${session}`);
      }
    }
    const named = [...sessions].map((name) => `${tenant}/${name}`);
    for (const name of named) states.add(name);
    return { runs: [...runs], states: named };
  };

  /** Slice by slice, until the engine says that it is done. */
  const carryOut = async (first: Pick<EraseAsk, 'start' | 'overwrite'>, onSlice?: (share: number) => void): Promise<EraseReport> => {
    const damaged: string[] = [];
    const sums = { runs: 0, states: 0, overwrittenBytes: 0, longestMs: 0 };
    for (let ask = first; ; ask = {}) {
      stopping.signal.throwIfAborted();
      const slice = await persister.erase({ epoch: epoch.current(), ...ask });
      for (const key of slice.deleted) parts.changed(key);
      damaged.push(...slice.damaged);
      sums.runs += slice.deleted.length;
      sums.states += slice.states;
      sums.overwrittenBytes += slice.overwrittenBytes;
      sums.longestMs = Math.max(sums.longestMs, slice.tookMs);
      onSlice?.(slice.share);
      // Those that are created from here on begin with the new epoch.
      if (slice.epochNeeded !== undefined) await epoch.raise(slice.epochNeeded);
      if (slice.done) return { ...sums, damaged, aside: slice.aside };
      await sleep(clock, slice.isHeld ? HELD_MS : slice.tookMs * REST, stopping.signal).catch(() => undefined);
    }
  };

  const carryOutHeld = async (hold: Hold, start: EraseStart, onProgress: Job['onProgress']): Promise<EraseReport> => {
    try {
      return await carryOut({ start }, () => onProgress?.(0));
    } catch (error) {
      hold.hasFailed = true;
      throw error;
    }
  };

  const remove = async ({ what, isNew, onProgress }: Job): Promise<EraseReport> => {
    const { tenant, run } = what;
    stopping.signal.throwIfAborted();
    const failed = [...holds].filter((each) => each.tenant === tenant && each.run === run);
    const hold: Hold = { ...what, keys: new Set(), states: new Set(), hasFailed: false };
    try {
      if (run !== undefined && isNew && failed.length === 0) await parts.find(runKey(tenant, run));
      const named = run === undefined ? await holdAll(hold) : await gather(hold, tenant, run);
      await committer.flushed();
      const keys = named?.runs.map((each) => runKey(tenant, each)).reverse();
      const start = { what, wallMs: clock.wall(), ...(named && keys && { keys, states: named.states }) };
      const report = await carryOutHeld(hold, start, onProgress);
      for (const each of failed) holds.delete(each);
      for (const forget of listeners) await forget({ tenant, ...(named && { runs: named.runs }) });
      return report;
    } finally {
      if (!hold.hasFailed) holds.delete(hold);
    }
  };

  /** Looking through the whole file once is enough for all that were deleted before. */
  const overwrite = async (removed: readonly Removed[]): Promise<void> => {
    try {
      const rest = await carryOut({ overwrite: true }, (share) => {
        for (const { job } of removed) job.onProgress?.(DELETING + (1 - DELETING) * share);
      });
      for (const { job, report } of removed)
        job.resolve({
          ...report,
          overwrittenBytes: rest.overwrittenBytes,
          damaged: [...report.damaged, ...rest.damaged],
          aside: rest.aside,
          longestMs: Math.max(report.longestMs, rest.longestMs),
        });
    } catch (error) {
      for (const { job } of removed) job.reject(error);
    }
  };

  const workAll = async (): Promise<void> => {
    while (jobs.length > 0) {
      const removed: Removed[] = [];
      for (let job = jobs.shift(); job; job = jobs.shift()) {
        try {
          const removal = remove(job);
          removing = removal.catch(() => undefined);
          removed.push({ job, report: await removal });
        } catch (error) {
          job.reject(error);
        }
      }
      if (removed.length > 0) await overwrite(removed);
    }
    working = undefined;
  };

  const enter = (what: Erasure, isNew: boolean, { onProgress }: EraseOptions = {}): Promise<EraseReport> =>
    new Promise((resolve, reject) => {
      jobs.push({ what, isNew, onProgress, resolve, reject });
      working ??= workAll();
    });

  const isGoing = (key: string): boolean => holds.size > 0 && [...holds].some((hold) => isIn(hold, key));

  return {
    erase: (what, options) => enter(what, true, options),
    onErased(forget) {
      listeners.add(forget);
      return () => void listeners.delete(forget);
    },
    isGoing,
    mayNotBegin(key, creation) {
      if (holds.size === 0) return false;
      const { parent } = aboutOf(creation);
      return isGoing(key) || (parent !== undefined && isGoing(runKey(tenantOf(key), parent)));
    },
    stateGoing: (key) => ([...holds].some((hold) => !hold.hasFailed && (hold.states.has(key) || isIn(hold, key))) ? removing : undefined),
    async resume(erasures, isDeleted) {
      const found: Damage[] = [];
      // Nobody could use what is whole if that kept the store from being opened.
      const note = ({ tenant, run }: Erasure, error: unknown): void => {
        const { code, message } = OpenClawError.from(error);
        if (code !== 'DATA_DAMAGED') throw error;
        const whose = run === undefined ? `the tenant ${tenant}` : `the run ${run}`;
        found.push({ what: `of ${whose}, which is to be erased, not all could be: ${message}`, repair: 'each start tries it again' });
      };
      await Promise.all(erasures.map((each) => enter(each, false).catch((error: unknown) => note(each, error))));
      if (isDeleted && erasures.length === found.length) await carryOut({ overwrite: true });
      return found;
    },
    async stop() {
      stopping.abort(new OpenClawError('SHUTTING_DOWN', 'The store is closed. What is being erased goes on when it is opened again.'));
      await working;
    },
  };
}

/** What goes, of which nothing may be stored meanwhile; a run as the keys that are known of it. Where it has failed part of it may be gone: it stays until it is asked for again, or the store is opened again. */
interface Hold extends Erasure {
  readonly keys: Set<string>;
  readonly states: Set<string>;
  hasFailed: boolean;
}

function isIn({ tenant, run, keys }: Hold, key: string): boolean {
  return run === undefined ? key.startsWith(`${tenant}/`) : keys.has(key);
}

interface Job {
  readonly what: Erasure;
  /** A run that is not there is told. */
  readonly isNew: boolean;
  readonly onProgress: ((share: number) => void) | undefined;
  resolve(report: EraseReport): void;
  reject(error: unknown): void;
}

interface Removed {
  readonly job: Job;
  readonly report: EraseReport;
}

async function* allOf(listing: Listing, tenant: string) {
  for (let before: number | undefined; ; ) {
    const { runs, next } = await listing.list(tenant, { limit: PAGE, ...(before !== undefined && { before }) });
    yield* runs;
    if (next === undefined) return;
    before = next;
  }
}
