import { sleep, systemClock } from '@openclaw-runtime/kit';
import { applyRecord, chain, decodeRecords, emptyFold, encodeRecord, OpenClawError, type WireRecord } from '@openclaw-runtime/protocol';
import {
  type Command,
  type Consumer,
  type Lease,
  type ListQuery,
  type RunKey,
  type RunList,
  runKey,
  type Snapshot,
  type Store,
} from './store.ts';

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
    name: 'a parked run is nobody’s until a command for it comes or its time, and is offered then with all that it had',
    async run(store) {
      const key = runKey('t', 'parked');
      const leases: Lease[] = [];
      const heard: Command[] = [];
      let offered = Promise.withResolvers<void>();
      store.queue.consume('suite', 1, {
        leased(lease) {
          leases.push(lease);
          offered.resolve();
        },
        command: (_key, command) => heard.push(command),
        lost: () => undefined,
      });
      const next = async (): Promise<Lease> => {
        await offered.promise;
        offered = Promise.withResolvers();
        return leases.at(-1) as Lease;
      };
      await store.runs.create(key, created('q'), 'f');
      const first = await next();
      first.append([encodeRecord('text', 1, 1, 'before')], 'process');
      await first.settled();
      first.park(60_000);
      throwsCode('FENCED', () => first.append([encodeRecord('text', 1, 1, 'zombie')], 'process'));
      await store.state.put('t', 'other', 'goes on', 0);
      equal((await readAll(store, key, 0, 1000)).length, 2, 'records of the parked run');
      equal((await store.runs.list('t', { limit: 1 })).runs[0]?.status, 'running', 'status of the parked run');
      await store.inbox.put(key, { id: 'c', kind: 'feedback' });
      const second = await next();
      equal(second.creation, created('q'), 'first record');
      equal(`${second.head.seq} ${second.commands.map(({ id }) => id).join()} ${heard.length}`, '2 c 0', 'head and commands');
      second.handled('c');
      second.park(1);
      const third = await next();
      equal(third.commands.length, 0, 'commands after their time');
      third.append([encodeRecord('text', 1, 1, 'after'), ended], 'disk', true);
      await third.settled();
      equal((await readAll(store, key, 0, 1000)).length, 4, 'records at the end');
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
      const { waiting, passed } = store.queue.line;
      equal(`${waiting}, ${passed}`, '1, 2', 'the line');
      leases[0]?.append([ended], 'disk', true);
      await until(() => leases.length === 3, 'a third lease');
      equal(leases[2]?.key, keys[2], 'third');
      equal(`${store.queue.line.waiting}, ${store.queue.line.passed}`, '0, 3', 'the line, when all have a place');
    },
  },
  {
    name: 'a command is delivered once to the owner, kept for the next one, and refused when the run is done unless it may be late',
    async run(store) {
      const key = runKey('t', 'inbox');
      const { lease, commands, late } = await begin(store, key);
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
      equal((await store.inbox.put(key, { id: 'c4', kind: 'feedback' }, true)).dup, true, 'late again');
      equal(late.map(({ id }) => id).join(), 'c4', 'told to a consumer after the end');
      await rejects('NOT_FOUND', () => store.inbox.put(runKey('t', 'nobody'), { id: 'c', kind: 'cancel' }));
      throwsCode('FENCED', () => lease.append([ended], 'disk'));
    },
  },
  {
    name: 'a command that is on its way holds up the end: the owner has it before it learns that none is coming',
    async run(store) {
      const { lease, commands } = await begin(store, runKey('t', 'incoming'));
      equal(lease.incoming(), undefined, 'incoming at first');
      const puts = ['c1', 'c2'].map((id) => store.inbox.put(lease.key, { id, kind: 'send' }));
      for (let coming = lease.incoming(); coming; coming = lease.incoming()) await coming;
      equal(commands.map(({ id }) => id).join(), 'c1,c2', 'commands when none is coming');
      lease.append([ended], 'disk', true);
      equal(
        (await Promise.all(puts)).some(({ dup }) => dup),
        false,
        'duplicates',
      );
      const again = store.inbox.put(lease.key, { id: 'c1', kind: 'send' });
      equal(lease.incoming(), undefined, 'incoming after the end');
      equal((await again).dup, true, 'the same command while the end is on its way');
    },
  },
  {
    name: 'a command that comes while the end is on its way waits for the end and is refused, unless it may be late',
    async run(store) {
      const { lease, commands } = await begin(store, runKey('t', 'ending'));
      lease.append([ended], 'disk', true);
      const late = store.inbox.put(lease.key, { id: 'c2', kind: 'feedback' }, true);
      await rejects('RUN_FINISHED', () => store.inbox.put(lease.key, { id: 'c1', kind: 'send' }));
      equal((await store.runs.read(lease.key, 0, 1000)).head.done, true, 'done when it was refused');
      equal((await late).dup, false, 'late');
      equal(commands.length, 0, 'delivered');
    },
  },
  {
    name: 'no more commands wait than are allowed to; one that was accepted may come again, and handled ones make room',
    async run(store) {
      const { lease } = await begin(store, runKey('t', 'waiting'));
      const put = (id: string): Promise<{ dup: boolean }> => store.inbox.put(lease.key, { id, kind: 'send' }, false, 2);
      await Promise.all([put('c1'), put('c2'), rejects('RATE_LIMITED', () => put('c3'))]);
      await rejects('RATE_LIMITED', () => put('c3'));
      equal((await put('c1')).dup, true, 'the first again');
      lease.handled('c1');
      equal((await put('c3')).dup, false, 'the third');
      const next = await store.queue.claim(lease.key, 'next');
      equal(next.commands.map(({ id }) => id).join(), 'c2,c3', 'commands of the next lease');
    },
  },
  {
    name: 'runs are listed newest first, alive and ended, each tenant’s own, page by page, by status and by the beginning of their ids',
    async run(store) {
      const keys = ['aa1', 'aa2', 'ab1', 'b1', 'b2'].map((name) => runKey('t', name));
      const leases: Lease[] = [];
      store.queue.consume('suite', 10, consumer({ leased: (lease) => void leases.push(lease) }));
      for (const key of [...keys, runKey('other', 'aa3')]) await store.runs.create(key, created(key), key);
      for (const lease of leases.filter(({ key }) => key.endsWith('1'))) {
        lease.append([ended], 'disk', true);
        await lease.settled();
      }
      const names = async (query: ListQuery): Promise<string> => (await store.runs.list('t', query)).runs.map(({ run }) => run).join();
      equal(await names({ limit: 10 }), 'b2,b1,ab1,aa2,aa1', 'all');
      equal(await names({ limit: 10, status: 'running' }), 'b2,aa2', 'running');
      equal(await names({ limit: 10, status: 'cancelled' }), 'b1,ab1,aa1', 'cancelled');
      equal(await names({ limit: 10, status: 'failed' }), '', 'failed');
      equal(await names({ limit: 10, prefix: 'a' }), 'ab1,aa2,aa1', 'prefix');
      equal(await names({ limit: 10, prefix: 'aa', status: 'cancelled' }), 'aa1', 'prefix and status');
      equal((await store.runs.list('nobody', { limit: 10 })).runs.length, 0, 'of nobody');
      for (const limit of [1, 2, 3, 5]) {
        const seen: string[] = [];
        for (let next: number | undefined = Number.MAX_SAFE_INTEGER; next !== undefined; ) {
          const page: RunList = await store.runs.list('t', { limit, before: next });
          seen.push(...page.runs.map(({ run }) => run));
          next = page.next;
        }
        equal(seen.join(), 'b2,b1,ab1,aa2,aa1', `pages of ${limit}`);
      }
      const [alive, done] = (await store.runs.list('t', { limit: 2 })).runs;
      equal(JSON.stringify([alive?.status, alive?.head, alive?.endedMs]), JSON.stringify(['running', 1, undefined]), 'of one that goes on');
      equal(
        JSON.stringify([done?.status, done?.head, (done?.endedMs ?? 0) > 0]),
        JSON.stringify(['cancelled', 2, true]),
        'of one that ended',
      );
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
    name: 'a run that goes on and on has a snapshot near its head, with what its owner saved last; records that both stand for may go',
    async run(store) {
      const key = runKey('t', 'snap');
      const { lease } = await begin(store, key);
      equal(await store.runs.snapshot(key), undefined, 'none at first');
      const all = [lease.creation, encodeRecord('step.started', 1, 1, { model: 'm' })];
      lease.append(all.slice(1), 'process');
      for (let i = 0; i < 130; i++) {
        const some = Array.from({ length: 100 }, (_, n) => encodeRecord('text', 1, 1, `${i}.${n} ${'é'.repeat(400)}`));
        all.push(...some);
        lease.append(some, 'process');
        await lease.settled();
        lease.saveReplay(all.length, `{"at":${all.length}}`);
      }
      await until(async () => ((await store.runs.snapshot(key))?.seq ?? 0) > all.length - 2_000, 'a snapshot near the head');
      const snapshot = (await store.runs.snapshot(key)) as Snapshot;
      equal(snapshot.creation, all[0], 'creation');
      equal(snapshot.fold === foldOf(all.slice(0, snapshot.seq)), true, 'the fold of its records');
      equal(snapshot.h, all.slice(0, snapshot.seq).reduce(chain, 0), 'chain');
      await until(async () => (await store.runs.snapshot(key))?.replay === `{"at":${all.length}}`, 'what the owner saved last');
      const page = await store.runs.read(key, 0, 1_000);
      equal(page.snapshot === undefined, false, 'records that are gone');
      equal((await readAll(store, key, all.length - 4_000, 1_000_000)).join('|') === all.slice(-4_000).join('|'), true, 'the last 4,000');
    },
  },
  {
    name: 'a snapshot stands for the records of a run that ended long enough ago, and for nothing else',
    async run(store) {
      const [old, live] = ['old', 'live'].map((name) => runKey('t', name)) as [RunKey, RunKey];
      const { lease } = await begin(store, old);
      await store.inbox.put(old, { id: 'c1', kind: 'feedback' });
      const all = [lease.creation, encodeRecord('step.started', 1, 1, { model: 'm' }), encodeRecord('text', 1, 1, 'said'), ended];
      lease.append(all.slice(1), 'disk', true);
      await lease.settled();
      await store.runs.create(live, created('q'), 'f');
      const now = systemClock.wall();
      equal((await store.upkeep.compact({ compactAfterMs: 3_600_000 }, now)).compacted, 0, 'compacted too early');
      equal((await readAll(store, old, 0, 1_000)).length, 4, 'records');
      equal((await store.upkeep.compact({ compactAfterMs: 0 }, now + 1_000)).compacted, 1, 'compacted');
      for (const after of [0, 1, 2, 3]) {
        const { head, before, chunk, snapshot } = await store.runs.read(old, after, 1);
        equal(chunk, undefined, `a chunk after ${after}`);
        equal(`${head.seq} ${head.done} ${before}`, `4 true ${all.reduce(chain, 0)}`, 'head');
        equal(`${snapshot?.seq} ${snapshot?.h} ${snapshot?.creation}`, `4 ${before} ${all[0]}`, 'snapshot');
        equal(snapshot?.fold, foldOf(all), 'fold');
        equal(snapshot?.replay, undefined, 'what the owner saved');
      }
      const { snapshot } = await store.runs.read(old, 4, 1);
      equal(snapshot, undefined, 'a snapshot at the head');
      equal((await readAll(store, live, 0, 1_000)).length, 1, 'records of the run that goes on');
      const again = await store.runs.create(old, created('other'), 'other');
      equal(`${again.created} ${again.fingerprint}`, 'false f', 'its idempotency key');
      equal((await store.inbox.put(old, { id: 'c1', kind: 'feedback' }, true)).dup, true, 'its command');
    },
  },
  {
    name: 'runs are deleted by age, by size and by tenant, those that ended first before others, and never those that go on',
    async run(store) {
      const end = async (key: RunKey, chars = 10): Promise<void> => {
        await store.runs.create(key, created('q'), 'f');
        const lease = await store.queue.claim(key, 'suite');
        const text = encodeRecord('text', 1, 1, 'x'.repeat(chars));
        lease.append([encodeRecord('step.started', 1, 1, { model: 'm' }), text, ended], 'disk', true);
        await lease.settled();
      };
      const left = async (): Promise<string> => {
        const names = ['a/1', 'a/2', 'b/1', 'b/2', 'b/3', 'c/live'];
        const found = await Promise.allSettled(names.map(async (name) => store.runs.read(name as RunKey, 0, 1)));
        return names.filter((_, i) => found[i]?.status === 'fulfilled').join(' ');
      };
      for (const name of ['1', '2']) await end(runKey('a', name));
      for (const name of ['1', '2', '3']) {
        await end(runKey('b', name), 100_000);
        await sleep(systemClock, 3);
      }
      await store.runs.create(runKey('c', 'live'), created('q'), 'f');
      const later = systemClock.wall() + 10_000;
      const b = { compactAfterMs: 0, maxBytes: 250_000 };
      const first = await store.upkeep.compact({ compactAfterMs: 0, deleteAfterMs: 60_000, tenants: { b } }, later);
      equal(`${first.deleted} of ${await left()}`, '1 of a/1 a/2 b/2 b/3 c/live', 'by size');
      const second = await store.upkeep.compact({ compactAfterMs: 0, deleteAfterMs: 5_000, tenants: { b: { compactAfterMs: 0 } } }, later);
      equal(`${second.deleted} of ${await left()}`, '2 of b/2 b/3 c/live', 'by age');
      await store.upkeep.compact({ compactAfterMs: 0, maxBytes: 0 }, later);
      equal(await left(), 'c/live', 'everything that ended');
      const fresh = await store.runs.create(runKey('a', '1'), created('q'), 'f');
      equal(fresh.created, true, 'created anew');
      equal(fresh.head.epoch > 1, true, 'in another epoch than the one that is gone');
    },
  },
  {
    name: 'what is erased is found no more, whether it was at work or had ended; others keep theirs, and the same place begins anew in another epoch',
    async run(store) {
      const [mine, other] = [runKey('a', 'r'), runKey('b', 'r')];
      const { lost } = await begin(store, mine);
      for (const [tenant, key] of [
        ['a', runKey('a', 'ended')],
        ['b', other],
      ] as const) {
        await store.runs.create(key, created(tenant), 'f');
        const lease = await store.queue.claim(key, 'suite');
        lease.append([ended], 'disk', true);
        await lease.settled();
        await store.state.put(tenant, 'session/s', tenant, 0);
      }
      const heard: string[] = [];
      const stop = store.upkeep.onErased(({ tenant, runs }) => void heard.push(`${tenant} ${runs?.join()}`));
      await rejects('NOT_FOUND', () => store.upkeep.erase({ tenant: 'a', run: 'nobody' }));
      const one = await store.upkeep.erase({ tenant: 'a', run: 'r' });
      equal(`${one.runs} runs, ${one.states} states, lost ${lost.at(-1)}`, `1 runs, 0 states, lost ${mine}`, 'a run');
      await rejects('NOT_FOUND', async () => store.runs.read(mine, 0, 1));
      const all = await store.upkeep.erase({ tenant: 'a' });
      equal(`${all.runs} runs, ${all.states} states`, '1 runs, 1 states', 'a tenant');
      equal(heard.join('; '), 'a r; a undefined', 'heard');
      stop();
      equal((await store.runs.list('a', { limit: 10 })).runs.length, 0, 'runs that are listed');
      equal(await store.state.get('a', 'session/s'), undefined, 'state');
      equal((await store.state.get('b', 'session/s'))?.value, 'b', 'state of another');
      equal((await store.runs.read(other, 0, 1)).head.done, true, 'run of another');
      await rejects('NOT_FOUND', () => store.inbox.put(mine, { id: 'c', kind: 'feedback' }, true));
      const anew = await store.runs.create(mine, created('q'), 'other');
      equal(`${anew.created} ${anew.fingerprint} ${anew.head.epoch > 1}`, 'true other true', 'created anew');
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

function foldOf(records: readonly string[]): string {
  const fold = emptyFold();
  for (const record of decodeRecords(records.join(','), 1)) applyRecord(fold, record);
  return JSON.stringify(fold);
}

function created(input: string): string {
  return encodeRecord('run.created', 0, 0, { agent: 'default', input, at: 0, fingerprint: 'f' });
}

async function begin(store: Store, key: RunKey): Promise<{ lease: Lease; commands: Command[]; late: Command[]; lost: RunKey[] }> {
  const commands: Command[] = [];
  const late: Command[] = [];
  const lost: RunKey[] = [];
  const lease = await new Promise<Lease>((resolve, reject) => {
    store.queue.consume(
      'suite',
      10,
      consumer({
        leased: resolve,
        command: (_key, command) => commands.push(command),
        late: (_key, command) => late.push(command),
        lost: (lostKey) => lost.push(lostKey),
      }),
    );
    store.runs.create(key, created('q'), 'f').catch(reject);
  });
  equal(lease.key, key, 'leased run');
  return { lease, commands, late, lost };
}

function consumer(parts: { readonly [K in keyof Consumer]?: (...args: Parameters<NonNullable<Consumer[K]>>) => unknown }): Consumer {
  return {
    leased: (lease) => void parts.leased?.(lease),
    command: (key, command) => void parts.command?.(key, command),
    late: (key, command) => void parts.late?.(key, command),
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
