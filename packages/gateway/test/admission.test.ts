import { type Clock, seededRandom } from '@openclaw-runtime/kit';
import { encodeRecord, type OpenClawError } from '@openclaw-runtime/protocol';
import { createMemoryStore, runKey, type Store } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { createAccounts } from '../src/limits/account.ts';
import { type Admission, type AdmissionOptions, type Asker, createAdmission } from '../src/limits/admission.ts';
import { createBacklog } from '../src/limits/backlog.ts';
import { KEYED_LIMITS } from '../src/limits/rules.ts';
import { createValve } from '../src/limits/valve.ts';

const KEY = asker('acme', 'key:a');
const OTHER = asker('acme', 'key:b');
const STRANGER = asker('other', 'key:c');
const OWNER = asker('default', 'anonymous');

function asker(tenant: string, id: string, address = '10.0.0.1'): Asker {
  return { principal: { tenant, id }, address };
}

/** Time passes when the test says so; callbacks come late by `lateMs`. */
function handClock() {
  let now = 1_000;
  let timers: { at: number; fn: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    wall: () => now,
    after(ms, fn) {
      const timer = { at: now + ms, fn };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
  };
  const pass = (ms: number, lateMs = 0): void => {
    for (const until = now + ms; now < until; ) {
      const next = Math.min(...timers.map(({ at }) => at), until);
      now = Math.max(now, Math.min(next + lateMs, until + lateMs));
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const { fn } of due) fn();
    }
  };
  return { clock, pass };
}

function admissionWith(options: Partial<AdmissionOptions>, store: Store = createMemoryStore()) {
  const time = handClock();
  const admission = createAdmission({ clock: time.clock, random: seededRandom(1), store, waitMs: 400, ...options });
  return { admission, ...time };
}

function refusalOf(act: () => void): OpenClawError | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return error as OpenClawError;
  }
}

const begun = (admission: Admission, who: Asker, times: number): number =>
  Array.from({ length: times }, () => refusalOf(() => admission.run(who))).filter((error) => error === undefined).length;

test('runs of a key: two seconds’ worth at once, then so many a second; nobody else pays for it', () => {
  const { admission, pass } = admissionWith({ all: { perKey: { runsPerSecond: 10 } } });
  expect(begun(admission, KEY, 50)).toBe(20);
  expect(begun(admission, OTHER, 50)).toBe(20);
  pass(1_000);
  expect(begun(admission, KEY, 50)).toBe(10);
  expect(admission.status.refused.runs).toBe(30 + 30 + 40);
});

test('keys of one tenant share what the tenant has, and what was refused takes nothing', () => {
  const { admission } = admissionWith({ all: { perKey: { runsPerSecond: 10 }, perTenant: { runsPerSecond: 12 } } });
  expect(begun(admission, KEY, 50)).toBe(20);
  expect(begun(admission, OTHER, 50)).toBe(4);
  expect(begun(admission, STRANGER, 50)).toBe(20);
});

test('whoever is refused is told when to come back, not all at the same time', () => {
  const { admission } = admissionWith({ all: { perKey: { runsPerSecond: 1 } } });
  begun(admission, KEY, 2);
  const times = Array.from({ length: 50 }, () => refusalOf(() => admission.run(KEY))?.retryAfterMs ?? 0);
  expect(Math.min(...times)).toBeGreaterThanOrEqual(1_000);
  expect(Math.max(...times)).toBeLessThanOrEqual(3_000);
  expect(new Set(times).size).toBeGreaterThan(30);
});

test('without a key of one’s own there are no limits but those that are configured', () => {
  const { admission } = admissionWith({ keyed: KEYED_LIMITS });
  expect(begun(admission, OWNER, 5_000)).toBe(5_000);
  expect(begun(admission, KEY, 5_000)).toBe(1_000);
  expect(admission.headers(OWNER, false)).toBeUndefined();
  expect(admission.headers(KEY, true)).toMatchObject({
    'ratelimit-policy': '"runs";q=1000;w=2',
    ratelimit: '"runs";r=0;t=2',
    'x-ratelimit-limit-requests': '1000',
    'x-ratelimit-remaining-requests': '0',
    'x-ratelimit-reset-requests': '2000ms',
  });
});

test('messages and bytes: requests are refused, frames are read more slowly', () => {
  const { admission, pass } = admissionWith({ all: { perKey: { messagesPerSecond: 10, bytesPerSecond: 1_000 } } });
  for (let i = 0; i < 20; i++) admission.message(KEY, 0);
  expect(refusalOf(() => admission.message(KEY, 0))).toMatchObject({ code: 'RATE_LIMITED' });
  pass(2_000);
  admission.message(KEY, 2_000);
  expect(refusalOf(() => admission.message(KEY, 500))).toMatchObject({ code: 'RATE_LIMITED' });
  expect(admission.frameMs(OTHER, 3_000)).toBe(1_000);
  pass(1_000);
  expect(admission.frameMs(OTHER, 0)).toBe(0);
});

test('connections and runs at a time', async () => {
  const store = createMemoryStore();
  const { admission } = admissionWith({ all: { perTenant: { connections: 1, concurrentRuns: 1 } } }, store);
  const leave = admission.connection(KEY);
  expect(refusalOf(() => admission.connection(OTHER))).toMatchObject({ code: 'RATE_LIMITED' });
  admission.connection(STRANGER);
  leave();
  admission.connection(OTHER);

  const key = runKey('acme', 'r1');
  await store.runs.create(key, encodeRecord('run.created', 0, 0, { agent: 'default', input: 'x', at: 0, fingerprint: 'f' }), 'f');
  admission.born(key, admission.place(KEY), false);
  expect(refusalOf(() => admission.run(OTHER))?.message).toContain('have not ended');
  admission.run(STRANGER);
  const lease = await store.queue.claim(key, 'test');
  lease.append([encodeRecord('run.finished', 0, 0, { status: 'cancelled', by: 'x', usage: {} } as never)], 'disk', true);
  await lease.settled();
  admission.run(OTHER);
});

test('accounts are bounded; beyond them all share one', () => {
  const accounts = createAccounts({ runsPerSecond: 1 }, 100);
  for (let i = 0; i < 1_000; i++) accounts.of(`key ${i}`).connections++;
  expect(accounts.size).toBe(100);
  expect(accounts.of('new 1')).toBe(accounts.of('new 2'));
  const idle = createAccounts({ runsPerSecond: 1 }, 100);
  for (let i = 0; i < 1_000; i++) idle.of(`key ${i}`);
  expect(idle.size).toBe(100);
  expect(idle.of('key 999')).not.toBe(idle.of('key 998'));
});

test('memory: each step gives up more, and is left only after a while well below it', async () => {
  let share = 0;
  const told: string[] = [];
  const { admission, pass } = admissionWith({ memory: () => share, onLevel: (level) => void told.push(String(level)), guarded: true });
  const at = (to: number, ms = 600): number => {
    share = to;
    pass(ms);
    return admission.status.level;
  };
  expect([at(0.5), at(0.72), at(0.82), at(0.92), at(0.97)]).toEqual([0, 1, 2, 3, 4]);
  expect(refusalOf(() => admission.rest())).toMatchObject({ code: 'RATE_LIMITED' });
  expect([at(0.92, 5_000), at(0.88, 5_000)]).toEqual([4, 3]);
  expect(refusalOf(() => admission.run(OWNER))).toMatchObject({ code: 'RATE_LIMITED' });
  expect(at(0.8, 5_000)).toBe(2);
  admission.run(KEY);
  await expect(admission.session('acme', 'new')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  expect(at(0.7, 5_000)).toBe(1);
  expect(admission.session('acme', 'new')).toBeUndefined();
  expect(refusalOf(() => admission.run(OWNER))).toMatchObject({ code: 'RATE_LIMITED' });
  admission.run(KEY);
  expect(at(0.5, 5_000)).toBe(0);
  expect(told).toEqual(['1', '2', '3', '4', '3', '2', '1', '0']);
});

test('an event loop that is late for seconds counts; pauses, and one good moment among bad ones, do not', () => {
  const { admission, pass } = admissionWith({});
  pass(1_000);
  pass(20, 4_000);
  pass(200);
  expect(admission.status.level).toBe(0);
  for (let i = 0; i < 5; i++) {
    pass(2_500, 250);
    pass(20);
    expect(admission.status.level).toBe(0);
  }
  pass(6_000, 250);
  expect(admission.status.level).toBe(3);
  pass(5_000);
  expect(admission.status.level).toBe(0);
});

/** A house with places for some: `begin` gives that many runs of the line a place, and they begin. */
function lineHouse(recovered = 0) {
  const { clock, pass } = handClock();
  const line = { waiting: recovered, passed: 0 };
  const followers = new Map<string, () => void>();
  const store = {
    runs: {
      follow(key: string, fn: () => void) {
        followers.set(key, fn);
        return () => void followers.delete(key);
      },
      read: () => ({ head: { epoch: 1, seq: 1, h: 0, done: false }, before: 0 }),
    },
    queue: { line },
    state: {},
  } as unknown as Store;
  let older = recovered;
  let born = 0;
  const arrive = (count: number, bear: (key: ReturnType<typeof runKey>) => void): void => {
    for (let i = 0; i < count; i++) {
      line.waiting++;
      bear(runKey('t', `${born++}`));
    }
  };
  const begin = (count: number): void => {
    for (let i = 0; i < count && line.waiting > 0; i++) {
      line.waiting--;
      line.passed++;
      if (older > 0) {
        older--;
        continue;
      }
      const [first] = followers.values();
      first?.();
    }
  };
  return { clock, pass, store, line, arrive, begin };
}

test('what one waits for a place follows from those that wait and how many get one', () => {
  const { clock, pass, store, arrive, begin } = lineHouse();
  const backlog = createBacklog(clock, store);
  const second = (arriving: number, beginning: number): number => {
    for (let slice = 0; slice < 100; slice++) {
      arrive(arriving / 100, backlog.born);
      begin(beginning / 100);
      pass(10);
    }
    return backlog.waitMs(true);
  };
  expect(second(1_000, 1_000)).toBe(0);
  expect(second(5_000, 1_000)).toBeGreaterThan(3_000);
  expect(backlog.full).toBe(true);
  expect(second(0, 5_000)).toBe(0);
  expect([backlog.waiting, backlog.full]).toEqual([0, false]);
});

/** Asks for so many runs a second, of which so many begin; how many were refused. */
function loadOn(house: ReturnType<typeof lineHouse>) {
  const { clock, pass, store, arrive, begin } = house;
  const admission = createAdmission({ clock, random: seededRandom(1), store, waitMs: 250 });
  return (ms: number, perSecond: number, beginning: number): number => {
    let refused = 0;
    for (let slice = 0; slice < ms / 10; slice++) {
      for (let i = 0; i < perSecond / 100; i++) {
        if (refusalOf(() => admission.run(OWNER))) refused++;
        else arrive(1, (key) => admission.born(key, undefined, false));
      }
      begin(beginning / 100);
      pass(10);
    }
    return refused;
  };
}

test('bursts and pauses are no overload; five times too much is refused but for what can be done', () => {
  const house = lineHouse();
  const load = loadOn(house);
  expect(load(2_000, 1_000, 2_000)).toBe(0);
  // Nothing begins for a while; then what has come meanwhile is made up for.
  expect(load(400, 1_000, 0)).toBe(0);
  expect(load(2_000, 1_000, 2_000)).toBe(0);
  // A burst of 0.4 s of what came to pass before it.
  expect(load(10, 40_000, 2_000)).toBe(0);
  expect(load(2_000, 1_000, 2_000)).toBe(0);
  expect(house.line.waiting).toBe(0);
  const refused = load(10_000, 10_000, 2_000);
  expect(refused).toBeGreaterThan(78_000);
  expect(refused).toBeLessThan(80_500);
  expect(house.line.waiting).toBeLessThan(1_000);
  load(500, 1_000, 2_000);
  expect(load(5_000, 1_000, 2_000)).toBe(0);
});

test('what was there before a restart is no queue of those who come after it', () => {
  const house = lineHouse(10_000);
  const load = loadOn(house);
  expect(load(4_000, 1_000, 2_000)).toBe(0);
  expect(house.line.passed).toBe(8_000);
  expect(load(8_000, 1_000, 2_000)).toBe(0);
  expect(house.line.waiting).toBe(0);
});

test('a queue that stands closes the valve; after that it closes at once, until all has been well for a second', () => {
  const valve = createValve({ mostMs: 250, atOnceMs: 500, patienceMs: 500 });
  const look = (from: number, to: number, expectedMs: number): boolean[] => {
    const seen: boolean[] = [];
    for (let at = from; at <= to; at += 50) seen.push(valve.isClosed(expectedMs, at));
    return seen;
  };
  expect(look(1_000, 1_450, 400)).not.toContain(true);
  expect(look(1_500, 1_550, 100)).not.toContain(true);
  expect(look(1_600, 2_050, 400)).not.toContain(true);
  expect(valve.isClosed(400, 2_100)).toBe(true);
  expect(valve.isClosed(100, 2_101)).toBe(true);
  expect(valve.isClosed(100, 2_160)).toBe(false);
  expect(valve.isClosed(260, 2_200)).toBe(true);
  expect(look(2_300, 3_400, 100)).not.toContain(true);
  expect(valve.isClosed(400, 3_500)).toBe(false);
  // Nobody knows how it was in between.
  expect(valve.isClosed(400, 5_500)).toBe(false);
  expect(valve.isClosed(600, 5_510)).toBe(true);
});
