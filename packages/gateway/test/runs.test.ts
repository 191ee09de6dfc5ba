/** Runs over HTTP: the list, and forks. */
import { encodeRecord, NO_USAGE, type Payloads, type WireRecord } from '@openclaw-runtime/protocol';
import { type RunList, runKey } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { openRig, type Rig } from './rig.ts';

interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

interface Refused {
  readonly error: { readonly code: string; readonly message: string };
}

const started = (step: number): string => encodeRecord('step.started', step, 1, { model: 'm' });
const stepEnd = (step: number, finish: 'stop' | 'tool_calls' = 'stop'): string =>
  encodeRecord('step.ended', step, 1, { finish, usage: NO_USAGE });
const text = (step: number, said: string): string => encodeRecord('text', step, 1, said);

async function ask<T>(rig: Rig, path: string, init: RequestInit = {}): Promise<Answer<T>> {
  const response = await fetch(`${rig.http}${path}`, init);
  return { status: response.status, body: (await response.json()) as T };
}

const list = (rig: Rig, query: string): Promise<Answer<RunList & Refused>> => ask(rig, `/v1/runs${query}`);

interface Forked {
  readonly run: string;
  readonly head: number;
  readonly fork: { readonly run: string; readonly seq: number };
  readonly dup?: true;
}

const fork = (rig: Rig, run: string, json: object, headers: Record<string, string> = {}): Promise<Answer<Forked & Refused>> =>
  ask(rig, `/v1/runs/${run}/fork`, { method: 'POST', headers, body: JSON.stringify(json) });

async function creationOf(rig: Rig, run: string): Promise<Payloads['run.created']> {
  const { chunk } = await rig.store.runs.read(runKey('default', run), 0, 1);
  return (JSON.parse(`[${chunk?.body}]`) as [WireRecord])[0][3] as Payloads['run.created'];
}

describe('the list of runs', () => {
  test('comes newest first and page by page, with what can be said of each', async () => {
    await using rig = await openRig();
    const logs = [];
    for (const name of ['one', 'two', 'three']) logs.push(await rig.begin(name));
    await logs[1]?.finish();
    const { status, body } = await list(rig, '?limit=2');
    expect(status).toBe(200);
    expect(body.runs.map(({ run, status }) => [run, status])).toEqual([
      [logs[2]?.run, 'running'],
      [logs[1]?.run, 'completed'],
    ]);
    expect(body.runs[1]).toMatchObject({ agent: 'default', epoch: 1, head: 2, createdMs: expect.any(Number), endedMs: expect.any(Number) });
    const rest = await list(rig, `?limit=2&before=${body.next}`);
    expect(rest.body.runs.map(({ run }) => run)).toEqual([logs[0]?.run]);
    expect(rest.body.next).toBeUndefined();
    expect((await list(rig, '?status=completed')).body.runs).toHaveLength(1);
    expect((await list(rig, `?prefix=${logs[0]?.run.slice(0, 12)}`)).body.runs.map(({ run }) => run)).toContain(logs[0]?.run);
  });

  test.each(['limit=0', 'limit=1001', 'limit=x', 'before=-1', 'before=1.5', 'status=done', 'prefix=a%2Fb', 'prefix='])(
    'refuses %s',
    async (query) => {
      await using rig = await openRig();
      const { status, body } = await list(rig, `?${query}`);
      expect([status, body.error.code]).toEqual([400, 'BAD_REQUEST']);
    },
  );
});

describe('a fork', () => {
  test('asks the last step again, or says something else after it; the same key is the same fork', async () => {
    await using rig = await openRig();
    const log = await rig.begin('source');
    await log.append(started(1), text(1, 'Yes.'), stepEnd(1));
    await log.append(
      encodeRecord('message.given', 0, 0, { command: 'c', mode: 'queue', text: 'And?' }),
      started(2),
      text(2, 'So.'),
      stepEnd(2),
    );
    await log.finish();

    const again = await fork(rig, log.run, {});
    expect(again).toMatchObject({ status: 201, body: { head: 1, fork: { run: log.run, seq: 5 } } });
    expect(await creationOf(rig, again.body.run)).toMatchObject({ agent: 'default', fork: { run: log.run, seq: 5 } });

    const said = await fork(rig, log.run, { input: 'Shorter.', model: 'other' }, { 'idempotency-key': 'k' });
    expect(said.body.fork).toEqual({ run: log.run, seq: 8 });
    expect(await creationOf(rig, said.body.run)).toMatchObject({ model: 'other', fork: { run: log.run, seq: 8, text: 'Shorter.' } });
    const dup = await fork(rig, log.run, { input: 'Shorter.', model: 'other' }, { 'idempotency-key': 'k' });
    expect(dup).toMatchObject({ status: 200, body: { run: said.body.run, dup: true, fork: { seq: 8 } } });
    const conflict = await fork(rig, log.run, { input: 'Longer.', model: 'other' }, { 'idempotency-key': 'k' });
    expect([conflict.status, conflict.body.error.code]).toEqual([409, 'IDEMPOTENCY_CONFLICT']);

    expect((await fork(rig, log.run, { at: 3 })).body.fork.seq).toBe(3);
    expect((await fork(rig, log.run, { at: 1 })).body.fork.seq).toBe(1);
  });

  test('a key stays what it stands for while the source goes on', async () => {
    await using rig = await openRig();
    const log = await rig.begin('growing');
    await log.append(started(1), stepEnd(1));
    const first = await fork(rig, log.run, { input: 'Go on.' }, { 'idempotency-key': 'k' });
    await log.append(started(2), stepEnd(2));
    const second = await fork(rig, log.run, { input: 'Go on.' }, { 'idempotency-key': 'k' });
    expect(second.body).toMatchObject({ run: first.body.run, dup: true, fork: { seq: 3 } });
  });

  test('never holds the end, a cancellation or what lies beyond the log; where it cannot begin is said', async () => {
    await using rig = await openRig();
    const log = await rig.begin('ending');
    await log.append(started(1), text(1, 'Ye'));
    await log.append(encodeRecord('cancel.requested', 0, 0, { command: 'c' }));
    await log.finish();
    for (const at of [4, 5, 99]) {
      const { status, body } = await fork(rig, log.run, { at });
      expect([status, body.error.code]).toEqual([400, 'BAD_REQUEST']);
      expect(body.error.message).toContain('1 to 3');
    }
    expect((await fork(rig, log.run, { input: 'Go on.' })).body.fork.seq).toBe(3);
    expect((await fork(rig, log.run, { at: 3, model: 'other' })).body.error.message).toContain('Fork at 1');
    expect((await fork(rig, log.run, { model: 'other' })).body.fork.seq).toBe(1);
  });

  test('does not part a step from its calls, and says nothing where their results must come first', async () => {
    await using rig = await openRig();
    const log = await rig.begin('calling');
    await log.append(started(1), encodeRecord('tool.called', 1, 1, { id: '1', name: 'look', arguments: '{}' }), stepEnd(1, 'tool_calls'));
    await log.finish();
    expect((await fork(rig, log.run, { at: 3 })).body.error.message).toContain('Fork at 2');
    expect((await fork(rig, log.run, { input: 'And?' })).body.error.message).toContain('tools');
    expect((await fork(rig, log.run, {})).body.fork.seq).toBe(1);
  });

  test('of a run in a session knows what the session had said before, and is in none', async () => {
    await using rig = await openRig();
    const { store } = rig;
    const messages = [
      { role: 'user', content: 'Hi.' },
      { role: 'assistant', content: 'Hello.' },
      { role: 'user', content: 'input of told' },
      { role: 'assistant', content: 'Yes.' },
      { role: 'user', content: 'Later.' },
    ];
    await store.state.put('default', 'session/s', JSON.stringify({ messages, last: 'another' }), 0);
    const run = 'told'.padEnd(22, '0');
    const request = { agent: 'default', input: 'input of told', session: 's', at: 0, fingerprint: 'f' };
    await store.runs.create(runKey('default', run), encodeRecord('run.created', 0, 0, request), 'f');
    const lease = await store.queue.claim(runKey('default', run), 'test');
    lease.append([started(1), text(1, 'Yes.'), stepEnd(1)], 'disk');
    await lease.settled();
    const creation = await creationOf(rig, (await fork(rig, run, {})).body.run);
    expect(creation).not.toHaveProperty('session');
    expect(creation.input).toEqual(messages.slice(0, 3));
  });

  test('of nothing, of another tenant’s run, or of records that are gone is not found', async () => {
    await using rig = await openRig();
    const { store } = rig;
    const other = 'other'.padEnd(22, '0');
    await store.runs.create(
      runKey('other', other),
      encodeRecord('run.created', 0, 0, { agent: 'default', input: 'x', at: 0, fingerprint: 'f' }),
      'f',
    );
    for (const run of ['x'.repeat(22), other]) expect((await fork(rig, run, {})).body.error.code).toBe('NOT_FOUND');
    const log = await rig.begin('old');
    await log.append(started(1), text(1, 'Yes.'), stepEnd(1));
    await log.finish();
    await store.upkeep.compact({ compactAfterMs: 0 }, Number.MAX_SAFE_INTEGER);
    const { status, body } = await fork(rig, log.run, {});
    expect([status, body.error.code]).toEqual([404, 'NOT_FOUND']);
    expect(body.error.message).toContain('gone');
  });

  test.each([{ at: 0 }, { at: 1.5 }, { input: '' }, { model: '' }, { fork: 1 }, { at: '1' }])('refuses %j', async (json) => {
    await using rig = await openRig();
    const log = await rig.begin('any');
    const { status, body } = await fork(rig, log.run, json);
    expect([status, body.error.code]).toEqual([400, 'BAD_REQUEST']);
  });

  test('cannot be asked for by a client that starts a run', async () => {
    await using rig = await openRig();
    const { status, body } = await ask<Refused>(rig, '/v1/runs', {
      method: 'POST',
      body: JSON.stringify({ input: 'x', fork: { run: 'x', seq: 1 } }),
    });
    expect([status, body.error.code]).toEqual([400, 'BAD_REQUEST']);
  });
});
