/** Runs that carry out an operation, and the answers of people to what runs ask them. */
import { encodeRecord, LIMITS, NO_USAGE, type Payloads, type WireRecord } from '@openclaw-runtime/protocol';
import { type Command, runKey } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { openRig, type Rig } from './rig.ts';

const HASH = 'a'.repeat(64);

async function post<T = { readonly error: { readonly code: string; readonly message: string } }>(
  rig: Rig,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: T }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`${rig.http}${path}`, { method: 'POST', headers, body: text });
  return { status: response.status, body: (await response.json()) as T };
}

async function creationOf(rig: Rig, run: string): Promise<Payloads['run.created']> {
  const { chunk } = await rig.store.runs.read(runKey('default', run), 0, 1);
  return (JSON.parse(`[${chunk?.body}]`) as [WireRecord])[0][3] as Payloads['run.created'];
}

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth);
}

describe('3.2 a run with an operation', () => {
  const asked = { input: 'train', operation: 'train', args: { epochs: 3, files: ['a', null] } };

  test('keeps operation and args as they were given, by HTTP and by WebSocket', async () => {
    await using rig = await openRig();
    const { status, body } = await post<{ run: string }>(rig, '/v1/runs', asked);
    expect(status).toBe(201);
    expect(await creationOf(rig, body.run)).toMatchObject(asked);
    const peer = await rig.dial();
    peer.send({ t: 'start', ch: 1, idem: 'k', run: { ...asked, args: null } });
    expect(await creationOf(rig, (await peer.next('started')).run)).toMatchObject({ operation: 'train', args: null });
  });

  test('is the same request only with the same operation and args (3.3)', async () => {
    await using rig = await openRig();
    const key = { 'idempotency-key': 'k' };
    expect((await post(rig, '/v1/runs', asked, key)).status).toBe(201);
    expect((await post(rig, '/v1/runs', asked, key)).status).toBe(200);
    for (const other of [{ ...asked, operation: 'test' }, { ...asked, args: { epochs: 4 } }, { input: 'train' }])
      expect(await post(rig, '/v1/runs', other, key)).toMatchObject({ status: 409, body: { error: { code: 'IDEMPOTENCY_CONFLICT' } } });
  });

  test.each([
    ['args without an operation', { input: 'x', args: 1 }],
    ['an empty name', { input: 'x', operation: '' }],
    ['a name too long', { input: 'x', operation: 'x'.repeat(LIMITS.maxNameLength + 1) }],
    ['a parent, which only runtimes set', { input: 'x', parent: { run: 'r'.repeat(22), name: 'n', depth: 1 } }],
  ])('is refused with %s', async (_name, request) => {
    await using rig = await openRig();
    expect(await post(rig, '/v1/runs', request)).toMatchObject({ status: 400, body: { error: { code: 'BAD_REQUEST' } } });
    const peer = await rig.dial();
    peer.send({ t: 'start', ch: 1, idem: 'k', run: request });
    expect(await peer.next('err')).toMatchObject({ ch: 1, code: 'BAD_REQUEST' });
  });

  test('2.3 has args of limited depth and size', async () => {
    await using rig = await openRig();
    const withArgs = (args: string): string => `{"input":"x","operation":"x","args":${args}}`;
    const deepest = LIMITS.maxDepth - 1;
    expect((await post(rig, '/v1/runs', withArgs(nested(deepest)))).status).toBe(201);
    const large = JSON.stringify('x'.repeat(LIMITS.maxBodyBytes));
    for (const args of [nested(deepest + 1), large])
      expect(await post(rig, '/v1/runs', withArgs(args))).toMatchObject({ status: 413, body: { error: { code: 'TOO_LARGE' } } });
  });

  test('7.3 says what it returned', async () => {
    await using rig = await openRig();
    const log = await rig.begin('returning');
    const outcome = { status: 'completed', reason: 'stop', usage: NO_USAGE, value: '{"loss":0.1}' } as const;
    log.lease.append([encodeRecord('run.finished', 0, 0, outcome)], 'disk', true);
    await log.lease.settled();
    const response = await fetch(`${rig.http}/v1/runs/${log.run}`);
    expect(await response.json()).toMatchObject({ status: 'completed', value: '{"loss":0.1}' });
  });
});

describe('7.7 a fork', () => {
  const call = encodeRecord('tool.called', 1, 1, { id: 'c', name: 'look', arguments: '{}' });
  const ended = encodeRecord('step.ended', 1, 1, { finish: 'tool_calls', usage: NO_USAGE });
  const started = (step: number): string => encodeRecord('step.started', step, 1, { model: 'm' });
  const result = encodeRecord('tool.result', 0, 0, { id: 'c', name: 'look', ms: 1, content: 'found' });
  type Forked = { readonly run: string; readonly fork: { readonly seq: number }; readonly error: { readonly message: string } };

  test('keeps operation and args, and takes no message for it', async () => {
    await using rig = await openRig();
    const asked = { input: 'train', operation: 'train', args: [1], session: 's' };
    const { body } = await post<{ run: string }>(rig, '/v1/runs', asked);
    const forked = await post<Forked>(rig, `/v1/runs/${body.run}/fork`, {});
    const creation = await creationOf(rig, forked.body.run);
    expect(creation).toMatchObject({ input: 'train', operation: 'train', args: [1] });
    expect(creation).not.toHaveProperty('session');
    expect(await post(rig, `/v1/runs/${body.run}/fork`, { input: 'more' })).toMatchObject({ status: 400 });
  });

  test('goes on behind a tool’s result, not where tools are at work', async () => {
    await using rig = await openRig();
    const log = await rig.begin('calling');
    const asks = { id: 'a', about: 'tool', name: 'look', text: '{}', hash: HASH, expiresAt: 1 } as const;
    await log.append(started(1), call, ended, encodeRecord('approval.asked', 0, 0, asks));
    await log.append(encodeRecord('tool.started', 0, 0, { id: 'c', name: 'look', key: 'k' }), result, started(2));
    const fork = (json: object) => post<Forked>(rig, `/v1/runs/${log.run}/fork`, json);
    for (const at of [5, 6]) expect((await fork({ at })).body.error.message).toContain('Fork at 4 or 7');
    expect((await fork({ at: 4, input: 'And?' })).body.error.message).toContain('Fork at 7');
    for (const request of [{ at: 4 }, { at: 7 }, { at: 7, input: 'And?' }]) expect((await fork(request)).status).toBe(201);
    expect((await fork({})).body.fork.seq).toBe(7);
  });
});

describe('3.10 an approval', () => {
  const data = { approval: 'a1', hash: HASH, answer: 'allow' };

  /** A run that is at work, and the commands that reach its owner. */
  async function beginOwned(rig: Rig): Promise<{ readonly run: string; readonly commands: readonly Command[] }> {
    const commands: Command[] = [];
    rig.store.queue.consume('owner', 10, {
      leased: () => undefined,
      command: (_key, command) => commands.push(command),
      lost: () => undefined,
    });
    return { run: (await post<{ run: string }>(rig, '/v1/runs', { input: 'a' })).body.run, commands };
  }

  test('reaches the run’s owner once, by WebSocket and by HTTP', async () => {
    await using rig = await openRig();
    const { run, commands } = await beginOwned(rig);
    const peer = await rig.dial();
    peer.send({ t: 'command', run, id: 'c1', kind: 'approve', data });
    expect(await peer.next('ok')).toEqual({ t: 'ok', id: 'c1' });
    const denial = { ...data, answer: 'deny', text: 'not on a Friday' };
    const key = { 'idempotency-key': 'c2' };
    expect(await post(rig, `/v1/runs/${run}/approve`, denial, key)).toEqual({ status: 202, body: { run, id: 'c2' } });
    expect(await post(rig, `/v1/runs/${run}/approve`, denial, key)).toEqual({ status: 202, body: { run, id: 'c2', dup: true } });
    expect(commands).toEqual([
      { id: 'c1', kind: 'approve', data },
      { id: 'c2', kind: 'approve', data: denial },
    ]);
    expect((await fetch(`${rig.http}/v1/runs/${run}/approve`)).status).toBe(405);
  });

  test.each([
    [undefined],
    [null],
    [{}],
    [{ ...data, approval: '' }],
    [{ ...data, hash: 'a' }],
    [{ approval: 'a1', answer: 'allow' }],
    [{ ...data, answer: 'expired' }],
    [{ ...data, text: '' }],
    [{ ...data, command: 'c' }],
  ])('%j is refused, and the connection stays', async (given) => {
    await using rig = await openRig();
    const { run, commands } = await beginOwned(rig);
    const peer = await rig.dial();
    peer.send({ t: 'command', run, id: 'c1', kind: 'approve', ...(given === undefined ? {} : { data: given }) });
    expect(await peer.next('err')).toMatchObject({ id: 'c1', code: 'BAD_REQUEST' });
    expect(await post(rig, `/v1/runs/${run}/approve`, given ?? '{')).toMatchObject({ status: 400 });
    peer.send({ t: 'command', run, id: 'c2', kind: 'approve', data });
    await peer.next('ok');
    expect(commands.map(({ id }) => id)).toEqual(['c2']);
  });

  test('is TOO_LARGE, NOT_FOUND and RUN_FINISHED as other commands are', async () => {
    await using rig = await openRig();
    const log = await rig.begin('ended');
    const approve = (run: string, given: object) => post(rig, `/v1/runs/${run}/approve`, given);
    expect((await approve(log.run, { ...data, text: 'x'.repeat(LIMITS.maxCommandChars) })).body.error.code).toBe('TOO_LARGE');
    expect((await approve('x'.repeat(22), data)).body.error.code).toBe('NOT_FOUND');
    await log.finish();
    expect(await approve(log.run, data)).toMatchObject({ status: 409, body: { error: { code: 'RUN_FINISHED' } } });
  });

  test('is not kept out by messages that wait, and has a limit of its own', async () => {
    await using rig = await openRig();
    const { run } = await beginOwned(rig);
    const peer = await rig.dial();
    const most = LIMITS.maxWaitingCommands;
    for (let i = 0; i < most; i++) peer.send({ t: 'command', run, id: `m${i}`, kind: 'send', data: { text: 'x', mode: 'queue' } });
    for (let i = 0; i < most; i++) await peer.next('ok');
    for (let i = 0; i < most; i++) peer.send({ t: 'command', run, id: `a${i}`, kind: 'approve', data });
    for (let i = 0; i < most; i++) await peer.next('ok');
    peer.send({ t: 'command', run, id: 'more', kind: 'approve', data });
    expect(await peer.next('err')).toMatchObject({ id: 'more', code: 'RATE_LIMITED' });
  });
});
