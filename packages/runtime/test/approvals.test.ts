import { createHash } from 'node:crypto';
import { systemClock } from '@openclaw-runtime/kit';
import { type Approval, OpenClawError, type Payloads, type RunRecord, type ToolCall } from '@openclaw-runtime/protocol';
import { type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import type { RuntimeOptions } from '../src/index.ts';
import { encodedOf, leftBehind } from './crash.ts';
import { type Act, kindsOf, openTestHouse, recordsOf, said, type TestHouse } from './house.ts';
import { coded, createThreads, toolCard } from './threads.ts';

const pay: ToolCall = { id: 'c', name: 'pay', arguments: '{ "amount": 10 }' };
const calling: Act = () => ({ ...said, finish: 'tool_calls', toolCalls: [pay] });
const say =
  (text: string): Act =>
  (_request, sink) => {
    sink.text(text);
    return said;
  };
const dataOf = <K extends RunRecord['kind']>(records: readonly RunRecord[], kind: K): Payloads[K][] =>
  records.filter((record) => record.kind === kind).map((record) => record.data as Payloads[K]);

/** Resolves to the `n`th approval that is asked for, from 1. */
async function askedOf(store: Store, key: RunKey, n = 1): Promise<Approval> {
  for (;;) {
    const advance = Promise.withResolvers<void>();
    const stop = store.runs.follow(key, () => advance.resolve());
    const asked = dataOf(await recordsOf(store, key), 'approval.asked')[n - 1];
    if (!asked) await advance.promise;
    stop();
    if (asked) return asked;
  }
}

const approve = (store: Store, key: RunKey, { id, hash }: Pick<Approval, 'id' | 'hash'>, answer: 'allow' | 'deny', text?: string) =>
  store.inbox.put(key, {
    id: `${id} ${hash.slice(0, 8)} ${answer}`,
    kind: 'approve',
    data: { approval: id, hash, answer, ...(text && { text }) },
  });

function payHouse(options: {
  runtime?: Partial<RuntimeOptions>;
  store?: Store;
  acts?: readonly Act[];
  onInterrupted?: 'ask';
}): Promise<TestHouse> & { readonly effects: string[] } {
  const effects: string[] = [];
  const threads = createThreads({
    tools: {
      pay: ({ arguments: text, key }) => {
        effects.push(`${key} ${text}`);
        return 'paid';
      },
    },
  });
  const tool = toolCard('pay', { needsApproval: true, onInterrupted: options.onInterrupted ?? 'fail' });
  const opened = openTestHouse(options.acts ?? [calling, say('ok')], {
    runtime: { agents: [coded('payer', { tools: [tool] })], threads, ...options.runtime },
    ...(options.store && { store: options.store }),
  });
  return Object.assign(opened, { effects });
}

describe('a tool that needs a person’s word', () => {
  test('is called once its exact arguments were allowed, and not by an answer to anything else', async () => {
    const opening = payHouse({});
    await using house = await opening;
    const key = await house.run('hi', { agent: 'payer' });
    const asked = await askedOf(house.store, key);
    expect(asked).toMatchObject({ id: '1.1', about: 'tool', name: 'pay', text: pay.arguments });
    expect(asked.hash).toBe(
      createHash('sha256')
        .update(JSON.stringify(['hi', '1.1', 'pay', pay.arguments]))
        .digest('hex'),
    );
    await approve(house.store, key, { ...asked, hash: '0'.repeat(64) }, 'allow');
    await approve(house.store, key, { ...asked, id: '1.2' }, 'allow');
    await house.store.inbox.put(key, { id: 'f', kind: 'feedback', data: 'still here' });
    await expect.poll(async () => kindsOf(await recordsOf(house.store, key)).at(-1)).toBe('feedback.given');
    expect(opening.effects).toEqual([]);
    await approve(house.store, key, asked, 'allow');
    const records = await house.ended(key);
    expect(dataOf(records, 'approval.given')).toMatchObject([{ id: '1.1', answer: 'allow', command: expect.any(String) }]);
    expect(kindsOf(records).slice(4)).toEqual([
      'approval.asked',
      'feedback.given',
      'approval.given',
      'tool.started',
      'tool.result',
      'step.started',
      'text',
      'step.ended',
      'run.finished',
    ]);
    expect(opening.effects).toHaveLength(1);
  });

  test('is not called when it was denied, and the model is told why', async () => {
    const opening = payHouse({});
    await using house = await opening;
    const key = await house.run('hi', { agent: 'payer' });
    await approve(house.store, key, await askedOf(house.store, key), 'deny', 'Too much.');
    const records = await house.ended(key);
    expect(dataOf(records, 'tool.result')).toMatchObject([{ error: { code: 'DENIED', message: expect.stringContaining('Too much.') } }]);
    expect(kindsOf(records)).not.toContain('tool.started');
    expect(opening.effects).toEqual([]);
    expect(records.at(-1)?.data).toMatchObject({ status: 'completed' });
  });

  test('is not called when nobody answers in time, also not when somebody answers later', async () => {
    let aheadMs = 0;
    let ring: () => void = () => undefined;
    const clock = {
      now: () => systemClock.now(),
      wall: () => systemClock.wall() + aheadMs,
      after(ms: number, fn: () => void) {
        if (ms < 800_000) return systemClock.after(ms, fn);
        ring = fn;
        return () => undefined;
      },
    };
    const opening = payHouse({ runtime: { clock } });
    await using house = await opening;
    const key = await house.run('hi', { agent: 'payer' });
    const asked = await askedOf(house.store, key);
    expect(Math.abs(asked.expiresAt - clock.wall() - 15 * 60_000)).toBeLessThan(10_000);
    aheadMs = 15 * 60_000 + 1;
    await approve(house.store, key, asked, 'allow');
    ring();
    const records = await house.ended(key);
    expect(dataOf(records, 'approval.given')).toEqual([{ id: '1.1', answer: 'expired' }]);
    expect(dataOf(records, 'tool.result')).toMatchObject([{ error: { code: 'EXPIRED' } }]);
    expect(opening.effects).toEqual([]);
  });

  test('by its agent’s permissions: deny before ask before allow before what the tool says', async () => {
    const cards = ['a.ask', 'a.deny', 'a.allow', 'b'].map((name) => toolCard(name, { needsApproval: true }));
    const agent = {
      ...coded('payer', { tools: cards }),
      permissions: { deny: ['*.deny', 'a.deny'], ask: ['a.*'], allow: ['*'] },
    };
    const threads = createThreads({ tools: Object.fromEntries(cards.map(({ name }) => [name, () => name])) });
    const toolCalls = cards.map(({ name }) => ({ id: name, name: name.replace('.', '_'), arguments: '' }));
    await using house = await openTestHouse([() => ({ ...said, finish: 'tool_calls', toolCalls }), say('ok')], {
      runtime: { agents: [agent], threads },
    });
    const key = await house.run('hi', { agent: 'payer' });
    const names: string[] = [];
    for (const n of [1, 2]) {
      const asked = await askedOf(house.store, key, n);
      names.push(asked.name);
      await approve(house.store, key, asked, 'allow');
    }
    const records = await house.ended(key);
    expect(names).toEqual(['a.ask', 'a.allow']);
    expect(dataOf(records, 'tool.result').flatMap(({ id, error }) => (error ? [`${id} ${error.code}`] : []))).toEqual(['a.deny DENIED']);
  });
});

describe('an owner that dies', () => {
  const key = runKey('t', 'left');

  /** Allows whatever is asked for, until the run has ended. */
  async function allowing(house: TestHouse): Promise<RunRecord[]> {
    const over = house.ended(key);
    let isOver = false;
    void over.finally(() => {
      isOver = true;
    });
    const done = new Set<string>();
    while (!isOver) {
      const records = await recordsOf(house.store, key);
      const given = new Set(dataOf(records, 'approval.given').map(({ id }) => id));
      for (const asked of dataOf(records, 'approval.asked')) {
        if (given.has(asked.id) || done.has(asked.id)) continue;
        done.add(asked.id);
        await approve(house.store, key, asked, 'allow').catch((error: unknown) => {
          if (!(error instanceof OpenClawError && error.code === 'RUN_FINISHED')) throw error;
        });
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    return over;
  }

  async function whole(): Promise<string[]> {
    await using house = await payHouse({});
    await house.run('left', { agent: 'payer' });
    return encodedOf(await allowing(house));
  }

  test('while a person is asked: the question stands, and what was answered meanwhile counts', async () => {
    const records = await whole();
    const asked = records.findIndex((record) => record.startsWith('["approval.asked"'));
    const left = records.slice(0, asked + 1);
    const [, , , question] = JSON.parse(left.at(-1) ?? '') as [string, number, number, Approval];
    const data = { approval: question.id, hash: question.hash, answer: 'allow' };
    const opening = payHouse({ store: await leftBehind(key, left, [{ id: 'meanwhile', kind: 'approve', data }]), acts: [say('ok')] });
    await using house = await opening;
    const after = await house.ended(key);
    expect(dataOf(after, 'approval.asked')).toHaveLength(1);
    expect(dataOf(after, 'approval.given')).toEqual([{ id: question.id, answer: 'allow', command: 'meanwhile' }]);
    expect(opening.effects).toHaveLength(1);
  });

  test('anywhere, twice: each try has an approval of its own, which no other try had', async () => {
    const first = await whole();
    const carry = async (left: readonly string[]): Promise<string[]> => {
      const acts = left.some((record) => record.startsWith('["step.ended",1,')) ? [say('ok')] : [calling, say('ok')];
      const opening = payHouse({ store: await leftBehind(key, left), acts, onInterrupted: 'ask' });
      await using house = await opening;
      const records = await allowing(house);
      expect(house.defects).toEqual([]);
      expect(records.at(-1)?.data).toMatchObject({ status: 'completed' });
      let allowed = 0;
      for (const { kind } of records) {
        if (kind === 'approval.given') allowed++;
        if (kind === 'tool.started') expect(allowed-- > 0).toBe(true);
      }
      expect(allowed).toBe(0);
      expect(new Set(dataOf(records, 'tool.started').map((started) => started.key)).size).toBe(1);
      return encodedOf(records);
    };
    const isWhole = (left: readonly string[]): boolean => !left.at(-1)?.startsWith('["tool.called"');
    for (let cut = 1; cut < first.length; cut++) {
      const left = first.slice(0, cut);
      if (!isWhole(left)) continue;
      const second = await carry(left);
      for (let again = cut + 1; again < second.length; again++) if (isWhole(second.slice(0, again))) await carry(second.slice(0, again));
    }
  });
});

describe('a thread that is lost while a tool runs', () => {
  const lost = (code: 'THREAD_LOST' | 'AGENT_HUNG'): OpenClawError => new OpenClawError(code, 'gone');
  const carry = async (onInterrupted: 'retry' | 'fail', losses: readonly ('THREAD_LOST' | 'AGENT_HUNG')[]) => {
    const keys: string[] = [];
    const threads = createThreads({
      tools: {
        pay: ({ key }) => {
          keys.push(key);
          const code = losses[keys.length - 1];
          if (code) throw lost(code);
          return 'paid';
        },
      },
    });
    const agent = coded('payer', { tools: [toolCard('pay', { onInterrupted })] });
    await using house = await openTestHouse([calling, say('ok')], { runtime: { agents: [agent], threads } });
    const records = await house.ended(await house.run('hi', { agent: 'payer' }));
    return { keys, records, result: dataOf(records, 'tool.result')[0] };
  };

  test('is tried again with the same key: as often as others are to blame, three times where it is the tool', async () => {
    const others = await carry(
      'retry',
      Array.from({ length: 6 }, () => 'THREAD_LOST'),
    );
    expect(others.result).toMatchObject({ content: 'paid' });
    expect(new Set(others.keys).size).toBe(1);
    expect(dataOf(others.records, 'thread.lost').map(({ restarts }) => restarts)).toEqual([1, 2, 3, 4, 5, 6]);
    const own = await carry(
      'retry',
      Array.from({ length: 6 }, () => 'AGENT_HUNG'),
    );
    expect(own.keys).toHaveLength(4);
    expect(own.result).toMatchObject({ error: { code: 'AGENT_HUNG' } });
  });

  test('is tried again once a person allowed that too, where the tool says so', async () => {
    const code = ['THREAD_LOST', 'AGENT_CRASHED'] as const;
    let tries = 0;
    const threads = createThreads({
      tools: {
        pay: () => {
          const lost = code[tries++];
          if (lost) throw new OpenClawError(lost, 'gone');
          return 'paid';
        },
      },
    });
    const agent = coded('payer', { tools: [toolCard('pay', { onInterrupted: 'ask', needsApproval: true })] });
    await using house = await openTestHouse([calling, say('ok')], { runtime: { agents: [agent], threads } });
    const key = await house.run('hi', { agent: 'payer' });
    for (const n of [1, 2, 3]) await approve(house.store, key, await askedOf(house.store, key, n), n === 3 ? 'deny' : 'allow');
    const records = await house.ended(key);
    expect(dataOf(records, 'approval.asked').map(({ id }) => id)).toEqual(['1.1', '1.1.2', '1.1.3']);
    expect(dataOf(records, 'tool.result')).toMatchObject([{ error: { code: 'DENIED' } }]);
    expect(tries).toBe(2);
  });

  test('is not tried again where the tool says so: the model is told', async () => {
    expect((await carry('fail', ['THREAD_LOST'])).result).toMatchObject({ error: { code: 'TOOL_INTERRUPTED' } });
    const own = await carry('fail', ['AGENT_HUNG']);
    expect(own.result).toMatchObject({ error: { code: 'AGENT_HUNG' } });
    expect(own.keys).toHaveLength(1);
  });
});
