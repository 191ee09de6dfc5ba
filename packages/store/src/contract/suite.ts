import { sleep, systemClock } from '@openclaw-runtime/kit';
import { chain, encodeRecord, OpenClawError, type WireRecord } from '@openclaw-runtime/protocol';
import { type Command, type Consumer, type Lease, type RunKey, runKey, type Store } from './store.ts';

/** One check of the contract; it throws when the engine breaks it. */
export interface Check {
  readonly name: string;
  run(store: Store): Promise<void>;
}

/** What every engine passes, run by run in a store of its own. Independent of any test framework. */
export const CHECKS: readonly Check[] = [
  {
    name: 'a run is created once: the same key gives the first request’s fingerprint, however often and however many at once',
    async run(store) {
      const key = runKey('t', 'r1');
      const answers = await Promise.all([1, 2, 3].map((i) => store.runs.create(key, created(`q${i}`), `f${i}`)));
      equal(answers.filter((answer) => answer.created).length, 1, 'creations');
      equal(new Set(answers.map((answer) => answer.fingerprint)).size, 1, 'fingerprints');
      const late = await store.runs.create(key, created('other'), 'other');
      equal(late.created, false, 'created again');
      equal(late.fingerprint, answers[0]?.fingerprint, 'fingerprint');
      equal(late.head.seq, 1, 'head');
    },
  },
  {
    name: 'run ids of idempotency keys are stable, and differ between tenants and keys',
    async run(store) {
      const id = store.runId('a', 'key');
      equal(store.runId('a', 'key'), id, 'second id');
      equal(id.length, 22, 'length');
      equal(new Set([id, store.runId('b', 'key'), store.runId('a', 'key2'), store.runId('a\nkey', '')]).size, 4, 'different ids');
    },
  },
  {
    name: 'records come back byte for byte, in order, with the chain, from every cursor and under every byte limit',
    async run(store) {
      const key = runKey('t', 'bytes');
      const { lease } = await begin(store, key);
      const records = ['plain', 'tab\tnewline\nquote"', '\u{1f600}\ud800', '中文', ''].map((text) => encodeRecord('text', 1, 1, text));
      for (const record of records) {
        lease.append([record], 'process');
        await lease.settled();
      }
      lease.append([encodeRecord('text', 1, 1, 'a'), encodeRecord('text', 1, 1, 'b')], 'disk');
      await lease.settled();
      const all = [lease.creation, ...records, encodeRecord('text', 1, 1, 'a'), encodeRecord('text', 1, 1, 'b')];
      for (let after = 0; after <= all.length; after++) {
        for (const maxBytes of [1, 60, 1_000_000]) {
          equal(
            (await readAll(store, key, after, maxBytes)).join('|'),
            all.slice(after).join('|'),
            `records after ${after} by ${maxBytes}`,
          );
        }
      }
    },
  },
  {
    name: 'reading ahead of the log gives the head and nothing else; an unknown run is NOT_FOUND',
    async run(store) {
      const key = runKey('t', 'ahead');
      await begin(store, key);
      const page = await store.runs.read(key, 100, 1000);
      equal(page.head.seq, 1, 'head');
      equal(page.chunk, undefined, 'chunk');
      await rejects('NOT_FOUND', async () => store.runs.read(runKey('t', 'nobody'), 0, 1000));
      await rejects('NOT_FOUND', async () => store.runs.read(runKey('other', 'ahead'), 0, 1000));
    },
  },
  {
    name: 'what is not durable cannot be seen',
    async run(store) {
      const key = runKey('t', 'durable');
      const { lease } = await begin(store, key);
      lease.append([encodeRecord('text', 1, 1, 'early')], 'disk');
      equal((await Promise.resolve(store.runs.read(key, 0, 1000))).head.seq <= 2, true, 'head');
      const before = store.runs.read(key, 1, 1000);
      if (!(before instanceof Promise)) equal(before.chunk, undefined, 'a record before its commit');
      await lease.settled();
      equal((await store.runs.read(key, 1, 1000)).head.seq, 2, 'head');
    },
  },
  {
    name: 'followers hear of every commit until they stop, and of the end',
    async run(store) {
      const key = runKey('t', 'follow');
      const { lease } = await begin(store, key);
      let heard = 0;
      let other = 0;
      const stop = store.runs.follow(key, () => heard++);
      const stopOther = store.runs.follow(key, () => other++);
      lease.append([encodeRecord('text', 1, 1, 'a')], 'process');
      await lease.settled();
      stopOther();
      lease.append([ended], 'disk', true);
      await lease.settled();
      equal(heard, 2, 'calls');
      equal(other, 1, 'calls after stopping');
      stop();
    },
  },
  {
    name: 'an older lease is refused, and what it appended before is in the newer one’s head',
    async run(store) {
      const key = runKey('t', 'fence');
      const { lease, lost } = await begin(store, key);
      lease.append([encodeRecord('text', 1, 1, 'mine')], 'process');
      const second = await store.queue.claim(key, 'second');
      equal(second.head.seq, 2, 'head of the second lease');
      equal(lost.length, 1, 'losses told');
      throwsCode('FENCED', () => lease.append([encodeRecord('text', 1, 1, 'zombie')], 'process'));
      second.append([encodeRecord('text', 1, 1, 'yours')], 'process');
      await second.settled();
      equal(
        (await readAll(store, key, 1, 1000)).join('|'),
        [encodeRecord('text', 1, 1, 'mine'), encodeRecord('text', 1, 1, 'yours')].join('|'),
        'log',
      );
    },
  },
  {
    name: 'a run that is alive and long reads whole',
    async run(store) {
      const key = runKey('t', 'long');
      const { lease } = await begin(store, key);
      const records = Array.from({ length: 12 }, (_, i) => encodeRecord('text', 1, 1, `${i} ${'x'.repeat(50_000)}`));
      for (const record of records) {
        lease.append([record], 'process');
        await lease.settled();
      }
      equal((await readAll(store, key, 1, 120_000)).join('|') === records.join('|'), true, 'the same records');
    },
  },
  {
    name: 'nothing follows the end of a run',
    async run(store) {
      const key = runKey('t', 'end');
      const { lease } = await begin(store, key);
      lease.append([ended], 'disk', true);
      throwsCode('FENCED', () => lease.append([encodeRecord('text', 1, 1, 'late')], 'process'));
      await lease.settled();
      const { head } = await store.runs.read(key, 0, 1000);
      equal(head.done, true, 'done');
      equal(head.seq, 2, 'head');
    },
  },
  {
    name: 'runs are offered in the order of creation, never more than the capacity, and the next when one ends',
    async run(store) {
      const keys = ['q1', 'q2', 'q3'].map((name) => runKey('t', name));
      for (const key of keys) await store.runs.create(key, created(key), 'f');
      const leases: Lease[] = [];
      store.queue.consume('owner', 2, consumer({ leased: (lease) => leases.push(lease) }));
      await until(() => leases.length === 2, 'two leases');
      equal(leases.map((lease) => lease.key).join(), keys.slice(0, 2).join(), 'order');
      leases[0]?.append([ended], 'disk', true);
      await until(() => leases.length === 3, 'a third lease');
      equal(leases[2]?.key, keys[2], 'third');
    },
  },
  {
    name: 'a command is delivered once to the owner, kept for the next one, and refused when the run is done unless it may be late',
    async run(store) {
      const key = runKey('t', 'inbox');
      const { lease, commands } = await begin(store, key);
      const answers = await Promise.all([1, 2].map(() => store.inbox.put(key, { id: 'c1', kind: 'cancel' })));
      equal(answers.filter(({ dup }) => dup).length, 1, 'duplicates');
      await store.inbox.put(key, { id: 'c2', kind: 'feedback', data: { good: true } });
      await until(() => commands.length >= 2, 'two commands');
      equal(commands.map((command) => command.id).join(), 'c1,c2', 'delivered');
      const next = await store.queue.claim(key, 'next');
      equal(
        JSON.stringify(next.commands),
        JSON.stringify([
          { id: 'c1', kind: 'cancel' },
          { id: 'c2', kind: 'feedback', data: { good: true } },
        ]),
        'commands of the next lease',
      );
      next.append([ended], 'disk', true);
      await next.settled();
      await rejects('RUN_FINISHED', () => store.inbox.put(key, { id: 'c3', kind: 'cancel' }));
      equal((await store.inbox.put(key, { id: 'c1', kind: 'cancel' })).dup, true, 'an old command again, after the end');
      equal((await store.inbox.put(key, { id: 'c4', kind: 'feedback' }, true)).dup, false, 'late');
      await rejects('NOT_FOUND', () => store.inbox.put(runKey('t', 'nobody'), { id: 'c', kind: 'cancel' }));
      throwsCode('FENCED', () => lease.append([ended], 'disk'));
    },
  },
  {
    name: 'state changes only from the revision that was read, one of many writers wins, and tenants are apart',
    async run(store) {
      equal(await store.state.get('t', 'k'), undefined, 'absent');
      equal(await store.state.put('t', 'k', 'one', 0), 1, 'revision');
      await rejects('STATE_CONFLICT', () => store.state.put('t', 'k', 'other', 0));
      const wins = await Promise.allSettled(['a', 'b', 'c'].map((value) => store.state.put('t', 'k', value, 1)));
      equal(wins.filter(({ status }) => status === 'fulfilled').length, 1, 'winners');
      equal((await store.state.get('t', 'k'))?.rev, 2, 'revision');
      equal(await store.state.get('u', 'k'), undefined, 'another tenant');
    },
  },
  {
    name: 'the latest snapshot is kept',
    async run(store) {
      const key = runKey('t', 'snap');
      const { lease } = await begin(store, key);
      equal(await store.runs.snapshot(key), undefined, 'none at first');
      lease.snapshot({ seq: 1, h: 5, fold: '{"a":1}' });
      lease.snapshot({ seq: 2, h: 6, fold: '{"a":2}' });
      await until(async () => (await store.runs.snapshot(key))?.seq === 2, 'the second snapshot');
      equal((await store.runs.snapshot(key))?.fold, '{"a":2}', 'fold');
    },
  },
  {
    name: 'a proven regression makes one new epoch, however many prove it',
    async run(store) {
      const key = runKey('t', 'regress');
      const { lease } = await begin(store, key);
      const heads = await Promise.all([store.runs.regress(key, 1), store.runs.regress(key, 1)]);
      equal(heads.map((head) => head.epoch).join(), '2,2', 'epochs');
      lease.append([ended], 'disk', true);
      await lease.settled();
      const { head } = await store.runs.read(key, 0, 1000);
      equal(head.epoch, 2, 'epoch after more records');
      equal(head.seq, 2, 'head');
    },
  },
  {
    name: 'presence is visible until it ends',
    async run(store) {
      const leave = store.presence.announce({ id: 'g1', kind: 'gateway', url: 'ws://127.0.0.1:1' });
      equal((await store.presence.list()).map(({ id }) => id).join(), 'g1', 'members');
      leave();
      equal((await store.presence.list()).length, 0, 'members');
    },
  },
];

const ended = encodeRecord('run.finished', 0, 0, {
  status: 'cancelled',
  by: 'suite',
  usage: { inputTokens: 0, outputTokens: 0, reasoningTokens: 0, cachedTokens: 0 },
});

function created(input: string): string {
  return encodeRecord('run.created', 0, 0, { agent: 'default', input, at: 0, fingerprint: 'f' });
}

async function begin(store: Store, key: RunKey): Promise<{ lease: Lease; commands: Command[]; lost: RunKey[] }> {
  const commands: Command[] = [];
  const lost: RunKey[] = [];
  const lease = await new Promise<Lease>((resolve, reject) => {
    store.queue.consume(
      'suite',
      10,
      consumer({ leased: resolve, command: (_key, command) => commands.push(command), lost: (lostKey) => lost.push(lostKey) }),
    );
    store.runs.create(key, created('q'), 'f').catch(reject);
  });
  equal(lease.key, key, 'leased run');
  return { lease, commands, lost };
}

function consumer(parts: { readonly [K in keyof Consumer]?: (...args: Parameters<Consumer[K]>) => unknown }): Consumer {
  return {
    leased: (lease) => void parts.leased?.(lease),
    command: (key, command) => void parts.command?.(key, command),
    lost: (key, error) => void parts.lost?.(key, error),
  };
}

async function readAll(store: Store, key: RunKey, from: number, maxBytes: number): Promise<string[]> {
  const records: string[] = [];
  let h: number | undefined;
  for (let after = from; ; ) {
    const page = await store.runs.read(key, after, maxBytes);
    equal(h === undefined || h === page.before, true, 'the chain goes on from page to page');
    if (!page.chunk) return records;
    equal(page.chunk.first, after + 1, 'first');
    const texts = (JSON.parse(`[${page.chunk.body}]`) as WireRecord[]).map((wire) => JSON.stringify(wire));
    equal(texts.length, page.chunk.count, 'count');
    equal(texts.reduce(chain, page.before), page.chunk.h, 'chain');
    h = page.chunk.h;
    after += page.chunk.count;
    records.push(...texts);
  }
}

async function until(done: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = systemClock.now() + 5_000;
  while (systemClock.now() < deadline) {
    if (await done()) return;
    await sleep(systemClock, 1);
  }
  throw new Error(`waited in vain for ${what}`);
}

function equal(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) throw new Error(`${what}: expected ${String(expected)}, got ${String(actual)}`);
}

async function rejects(code: string, act: () => unknown): Promise<void> {
  try {
    await act();
  } catch (error) {
    return equal(OpenClawError.from(error).code, code, 'error code');
  }
  throw new Error(`expected ${code}, nothing was thrown`);
}

function throwsCode(code: string, act: () => unknown): void {
  try {
    act();
  } catch (error) {
    return equal(OpenClawError.from(error).code, code, 'error code');
  }
  throw new Error(`expected ${code}, nothing was thrown`);
}
