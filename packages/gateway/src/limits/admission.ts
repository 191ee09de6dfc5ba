import type { Clock, Random } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { RunKey, Store } from '@openclaw-runtime/store';
import { networkOf } from '../line/address.ts';
import { type Account, createAccounts } from './account.ts';
import { createBacklog } from './backlog.ts';
import { type Level, type Pressure, startPressure } from './pressure.ts';
import { type LimitRules, type LimitSettings, SECONDS_AT_ONCE } from './rules.ts';
import { createValve } from './valve.ts';

/** What is refused, and why, in the words of metrics. */
export const REFUSALS = ['connections', 'messages', 'bytes', 'runs', 'concurrent', 'overload', 'pressure'] as const;
export type Refusal = (typeof REFUSALS)[number];

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Pick<Store, 'runs' | 'state' | 'queue'>;
  /** Of who came with a key of its own. */
  readonly keyed?: LimitSettings;
  /** Of everybody else too. */
  readonly all?: Partial<LimitSettings>;
  /** Milliseconds that new runs may be expected to wait, for longer than a moment, until somebody works on them. */
  readonly waitMs: number;
  /** Some say who they are, so that who does not is given up first. */
  readonly guarded?: boolean;
  /** The part of its memory that the process has, 0 to 1. */
  readonly memory?: () => number;
  onLevel?(level: Level, why: string): void;
}

/** Who asks, and from where. */
export interface Asker {
  readonly principal: { readonly tenant: string; readonly id: string };
  readonly address: string;
}

/** Decides what is too much: before a body is read, at the price of a few comparisons. */
export interface Admission {
  /** One request, or one frame. Throws `RATE_LIMITED`. */
  message(asker: Asker, bytes: number): void;
  /** Milliseconds until that frame may be taken, which has been taken: who says more is read more slowly. */
  frameMs(asker: Asker, bytes: number): number;
  /** A run that is to be begun. Throws `RATE_LIMITED`; what is taken is not given back. */
  run(asker: Asker): void;
  /** The same run, once it is known what it belongs to: where it is getting tight, only sessions that there are go on. Rejects with `RATE_LIMITED`. */
  session(tenant: string, session: string | undefined): Promise<void> | undefined;
  /** Whether work that begins nothing, and ends nothing, is refused as well. Throws `RATE_LIMITED`. */
  rest(): void;
  /** A connection that said who it is. Throws `RATE_LIMITED`; the returned function tells of its end. */
  connection(asker: Asker): () => void;
  /** A place among the runs that whoever asks may have at work, taken at once: many may ask at the same time. Throws `RATE_LIMITED`; absent where nobody counts. */
  place(asker: Asker): Place | undefined;
  /** A run was created, which gives its place back when it ends. */
  born(key: RunKey, place: Place | undefined, hasSession: boolean): void;
  /** What is left of the runs that may be begun, in the words of answers' headers. */
  headers(asker: Asker, isOpenAi: boolean): Readonly<Record<string, string>> | undefined;
  /** New runs are refused at the moment, whoever asks. */
  readonly closed: boolean;
  readonly status: AdmissionStatus;
  stop(): void;
}

export interface Place {
  leave(): void;
}

export interface AdmissionStatus {
  readonly level: Level;
  /** Runs that nobody works on yet, and how long one more would wait. */
  readonly waiting: number;
  readonly waitMs: number;
  readonly refused: Readonly<Record<Refusal, number>>;
}

const MOST_ACCOUNTS = 10_000;
/** Absent another word: what a run may wait at most, so that it is answered within half a second. */
export const MOST_WAIT_MS = 250;
/** A queue for places that is this long is none that goes by. */
const PATIENCE_MS = 500;
/** By so much more, and for so much longer, may they wait who have a place: for the processor, a thread, the disk. What is slow there is soon well again, or else the ladder's. */
const WITH_PLACES = 4;

export function createAdmission(options: AdmissionOptions): Admission {
  const { clock, random, store, keyed, all = {}, waitMs, guarded = false } = options;
  const backlog = createBacklog(clock, store);
  const pressure: Pressure = startPressure(options);
  const refused = Object.fromEntries(REFUSALS.map((each) => [each, 0])) as Record<Refusal, number>;
  const keyedAccounts =
    keyed &&
    accountsOf({
      perKey: all.perKey ?? keyed.perKey,
      perTenant: all.perTenant ?? keyed.perTenant,
      perAddress: all.perAddress ?? keyed.perAddress,
    });
  const otherAccounts = accountsOf({ perKey: {}, perTenant: {}, perAddress: {}, ...all });
  const forPlaces = createValve({ mostMs: waitMs, atOnceMs: waitMs * 2, patienceMs: PATIENCE_MS });
  const forTheRest = createValve({
    mostMs: waitMs * WITH_PLACES,
    atOnceMs: Number.POSITIVE_INFINITY,
    patienceMs: PATIENCE_MS * WITH_PLACES,
  });

  const accountsFor = ({ principal, address }: Asker): readonly Account[] => {
    const { id, tenant } = principal;
    const { key, tenant: ofTenant, address: ofAddress } = keyedAccounts && isKeyed(id) ? keyedAccounts : otherAccounts;
    const accounts: Account[] = [];
    if (key) accounts.push(key.of(`${tenant}/${id}`));
    if (ofTenant) accounts.push(ofTenant.of(tenant));
    if (ofAddress) accounts.push(ofAddress.of(networkOf(address)));
    return accounts;
  };

  const refuse = (why: Refusal, message: string, ms: number): OpenClawError => {
    refused[why]++;
    // Those who were refused together are not to come back together.
    return new OpenClawError('RATE_LIMITED', message, { retryAfterMs: Math.round(Math.max(ms, 500) * (1 + 2 * random.float())) });
  };

  const isClosed = (): boolean => {
    const now = clock.now();
    const valve = backlog.full ? forPlaces : forTheRest;
    return valve.isClosed(backlog.waitMs(!valve.isWatchful(now)), now);
  };

  const checkPlaces = (accounts: readonly Account[]): void => {
    for (const { rules, runs } of accounts) {
      if (rules.concurrentRuns !== undefined && runs >= rules.concurrentRuns)
        throw refuse('concurrent', `${rules.concurrentRuns} runs of one have not ended. Wait for some, or cancel them.`, 1_000);
    }
  };

  const taking = (accounts: readonly Account[], flow: 'messages' | 'bytes' | 'runs', count: number, now: number): number => {
    let ms = 0;
    for (const account of accounts) ms = Math.max(ms, account.waitMs(flow, count, now));
    return ms;
  };

  return {
    message(asker, bytes) {
      const accounts = accountsFor(asker);
      if (accounts.length === 0) return;
      const now = clock.now();
      const ms = taking(accounts, 'messages', 1, now);
      if (ms > 0) throw refuse('messages', 'More requests came than one may send. Slow down.', ms);
      const bytesMs = taking(accounts, 'bytes', bytes, now);
      if (bytesMs > 0) throw refuse('bytes', 'More bytes came than one may send. Slow down.', bytesMs);
      for (const account of accounts) {
        account.take('messages', 1, now);
        account.take('bytes', bytes, now);
      }
    },
    frameMs(asker, bytes) {
      const accounts = accountsFor(asker);
      if (accounts.length === 0) return 0;
      const now = clock.now();
      for (const account of accounts) {
        account.take('messages', 1, now);
        account.take('bytes', bytes, now);
      }
      return Math.max(taking(accounts, 'messages', 0, now), taking(accounts, 'bytes', 0, now));
    },
    run(asker) {
      const { level } = pressure;
      if (level >= 3 || (level >= 1 && guarded && asker.principal.id === 'anonymous'))
        throw refuse('pressure', 'The server has more to do than it can; it begins nothing new. Ask again in a moment.', 1_000);
      if (isClosed()) throw refuse('overload', 'The server has more to do than it can. Ask again in a moment.', 1_000);
      const accounts = accountsFor(asker);
      if (accounts.length === 0) return;
      const now = clock.now();
      const ms = taking(accounts, 'runs', 1, now);
      if (ms > 0) throw refuse('runs', 'More runs were begun than one may begin. Ask again later.', ms);
      checkPlaces(accounts);
      for (const account of accounts) account.take('runs', 1, now);
    },
    session(tenant, session) {
      if (pressure.level < 2) return undefined;
      return sessionExists(store, tenant, session).then((exists) => {
        if (!exists)
          throw refuse(
            'pressure',
            'The server has more to do than it can; only sessions that there are go on. Ask again in a moment.',
            1_000,
          );
      });
    },
    rest() {
      if (pressure.level < 4) return;
      throw refuse(
        'pressure',
        'The server has hardly any memory left: only runs that there are can be read and ended. Ask again in a moment.',
        2_000,
      );
    },
    connection(asker) {
      const accounts = accountsFor(asker);
      for (const { rules, connections } of accounts) {
        if (rules.connections !== undefined && connections >= rules.connections)
          throw refuse('connections', `There are ${rules.connections} connections of one already. Close some.`, 1_000);
      }
      for (const account of accounts) account.connections++;
      return () => {
        for (const account of accounts) account.connections--;
      };
    },
    place(asker) {
      const counted = accountsFor(asker).filter(({ rules }) => rules.concurrentRuns !== undefined);
      if (counted.length === 0) return undefined;
      checkPlaces(counted);
      for (const account of counted) account.runs++;
      return {
        leave() {
          for (const account of counted) account.runs--;
        },
      };
    },
    born(key, place, hasSession) {
      if (!hasSession) backlog.born(key);
      if (place) untilEnded(store, key, place);
    },
    headers(asker, isOpenAi) {
      const now = clock.now();
      let perSecond: number | undefined;
      let left = Number.POSITIVE_INFINITY;
      // The one that is nearest to its end is what counts.
      for (const account of accountsFor(asker)) {
        const its = account.left('runs', now);
        if (its === undefined || its >= left) continue;
        left = its;
        perSecond = account.rules.runsPerSecond;
      }
      if (perSecond === undefined) return undefined;
      const limit = perSecond * SECONDS_AT_ONCE;
      const resetMs = Math.ceil(((limit - left) / perSecond) * 1_000);
      const headers = {
        'ratelimit-policy': `"runs";q=${limit};w=${SECONDS_AT_ONCE}`,
        ratelimit: `"runs";r=${left};t=${Math.ceil(resetMs / 1_000)}`,
      };
      if (!isOpenAi) return headers;
      return {
        ...headers,
        'x-ratelimit-limit-requests': String(limit),
        'x-ratelimit-remaining-requests': String(left),
        'x-ratelimit-reset-requests': `${resetMs}ms`,
      };
    },
    get closed() {
      return pressure.level >= 3 || isClosed();
    },
    get status() {
      return { level: pressure.level, waiting: backlog.waiting, waitMs: Math.round(backlog.waitMs(true)), refused };
    },
    stop: () => pressure.stop(),
  };
}

/** Of its own: neither the house's one token nor nobody. */
function isKeyed(id: string): boolean {
  return id.startsWith('key:') || id.startsWith('jwt:');
}

interface Scopes {
  readonly key?: ReturnType<typeof createAccounts>;
  readonly tenant?: ReturnType<typeof createAccounts>;
  readonly address?: ReturnType<typeof createAccounts>;
}

function accountsOf({ perKey, perTenant, perAddress }: LimitSettings): Scopes {
  const has = (rules: LimitRules): boolean => Object.keys(rules).length > 0;
  return {
    ...(has(perKey) && { key: createAccounts(perKey, MOST_ACCOUNTS) }),
    ...(has(perTenant) && { tenant: createAccounts(perTenant, MOST_ACCOUNTS) }),
    ...(has(perAddress) && { address: createAccounts(perAddress, MOST_ACCOUNTS) }),
  };
}

async function sessionExists({ state }: AdmissionOptions['store'], tenant: string, session: string | undefined): Promise<boolean> {
  return session !== undefined && (await state.get(tenant, `session/${session}`)) !== undefined;
}

function untilEnded({ runs }: AdmissionOptions['store'], key: RunKey, place: Place): void {
  let isOver = false;
  const look = (): void => {
    const page = runs.read(key, Number.MAX_SAFE_INTEGER, 0);
    // What is not in memory any more has ended.
    if (page instanceof Promise) page.catch(() => undefined);
    else if (!page.head.done) return;
    if (isOver) return;
    isOver = true;
    unfollow();
    place.leave();
  };
  const unfollow = runs.follow(key, look);
  look();
}
