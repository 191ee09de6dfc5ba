/** The gateway protocol of the OpenClaw assistant over real sockets: each frame of both sides is held to the published schema. */
import { systemClock } from '@openclaw-runtime/kit';
import { encodeRecord, NO_USAGE } from '@openclaw-runtime/protocol';
import { createMemoryStore, type Lease, runKey, type Store } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import type { AuditEntry, GatewayOptions } from '../../src/index.ts';
import { openRig, type Rig } from '../rig.ts';
import { CONNECT, connectAssistant, dialAssistant } from './dial.ts';

const KEY = 'agent:default:main';
const step = encodeRecord('step.started', 1, 1, { model: 'm' });
const words = (text: string): string => encodeRecord('text', 1, 1, text);
const end = [encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE })];

const open = (options: Partial<GatewayOptions> = {}): Promise<Rig> => openRig({ clock: systemClock, ...options });

/** Takes the run as its owner does. */
async function own(
  store: Store,
  runId: string,
): Promise<{ append: (...records: string[]) => Promise<void>; finish: () => Promise<void>; lease: Lease }> {
  const lease = await store.queue.claim(runKey('default', store.runId('default', runId)), 'test');
  const append = (records: readonly string[], done: boolean): Promise<void> => {
    lease.append(records, 'process', done);
    return lease.settled();
  };
  return { lease, append: (...records) => append(records, false), finish: () => append(end, true) };
}

test('the server speaks first, and says what it serves to whoever connects', async () => {
  await using rig = await open();
  const client = dialAssistant(rig.gateway.port);
  expect(await client.event('connect.challenge')).toMatchObject({ nonce: expect.stringMatching(/^.{22}$/) });
  const hello = await client.request('connect', CONNECT);
  expect(hello).toMatchObject({ type: 'hello-ok', protocol: 4, auth: { role: 'operator' }, policy: { tickIntervalMs: 15_000 } });
  expect(client.socket.protocol).toBe('');
  for (const method of [
    'health',
    'status',
    'system-presence',
    'models.list',
    'agents.list',
    'commands.list',
    'config.get',
    'sessions.list',
  ])
    expect(await client.ask(method)).toMatchObject({ ok: true });
  expect(await client.ask('wizard.start')).toMatchObject({
    ok: false,
    error: { code: 'INVALID_REQUEST', message: 'unknown method: wizard.start' },
  });
  expect(rig.defects).toEqual([]);
});

test.each([
  ['another version', { minProtocol: 5, maxProtocol: 9 }, 1002, 'PROTOCOL_MISMATCH'],
  ['a client of no known name', { client: { ...CONNECT.client, id: 'mine' } }, 1008, 'BAD_REQUEST'],
  ['a client of no known mode', { client: { ...CONNECT.client, mode: 'operator' } }, 1008, 'BAD_REQUEST'],
  ['a node', { role: 'node' }, 1008, 'BAD_REQUEST'],
  ['no token', {}, 1008, 'AUTH_TOKEN_MISSING'],
  ['a wrong token', { auth: { token: 'guess' } }, 1008, 'AUTH_TOKEN_MISMATCH'],
])('%s is refused', async (_what, params, code, word) => {
  await using rig = await open({ token: () => 'secret-token' });
  const client = dialAssistant(rig.gateway.port);
  client.socket.once('open', () => client.send({ type: 'req', id: '1', method: 'connect', params: { ...CONNECT, ...params } }));
  expect(await client.next(({ id }) => id === '1')).toMatchObject({
    ok: false,
    error: { code: 'INVALID_REQUEST', details: { code: word } },
  });
  expect((await client.closed)[0]).toBe(code);
});

test('the token may be called a password', async () => {
  await using rig = await open({ token: () => 'secret-token' });
  for (const auth of [{ token: 'secret-token' }, { password: 'secret-token' }]) {
    const client = await connectAssistant(rig.gateway.port, { auth });
    expect(await client.request('health')).toMatchObject({ ok: true });
  }
});

test('clients are told whether they were asked for anything', async () => {
  await using rig = await open({ localKey: 'local-key', auth: { anonymous: true } });
  for (const [auth, authMode] of [
    [{}, 'none'],
    [{ token: 'local-key' }, 'token'],
  ] as const) {
    const client = dialAssistant(rig.gateway.port);
    await client.event('connect.challenge');
    expect(await client.request('connect', { ...CONNECT, auth })).toMatchObject({ snapshot: { authMode } });
  }
});

test('who could not be greeted is not there', async () => {
  await using rig = await open();
  const { value, rev = 0 } = (await rig.store.state.get('_house', 'catalogue')) ?? {};
  await rig.store.state.put('_house', 'catalogue', 'nonsense', rev);
  const client = dialAssistant(rig.gateway.port);
  await client.event('connect.challenge');
  expect(await client.ask('connect', CONNECT)).toMatchObject({ error: { code: 'UNAVAILABLE' } });
  expect((await client.closed)[0]).toBe(1008);
  await rig.store.state.put('_house', 'catalogue', value ?? '', rev + 1);
  const next = await connectAssistant(rig.gateway.port);
  expect(await next.request('system-presence')).toHaveLength(1);
});

test.each([
  ['a first request that is another', JSON.stringify({ type: 'req', id: '1', method: 'health' }), 1008],
  ['what is no request', '{"type":"event","event":"tick"}', 1008],
  ['what is no JSON', 'hello', 1008],
  ['a hello of the other protocol', '{"t":"hello","v":1,"client":"x"}', 1008],
  ['bytes', Buffer.from([1, 2]), 1008],
  ['more than 64 KiB', JSON.stringify({ type: 'req', id: 'x'.repeat(70_000), method: 'connect' }), 1009],
])('before connect, %s ends the socket', async (_what, frame, code) => {
  await using rig = await open();
  const client = dialAssistant(rig.gateway.port);
  await client.event('connect.challenge');
  client.send(frame);
  expect((await client.closed)[0]).toBe(code);
  expect((await fetch(`${rig.http}/healthz`)).status).toBe(200);
});

test('who says nothing for 15 s is let go, and who is there hears ticks', async () => {
  await using rig = await openRig();
  const silent = dialAssistant(rig.gateway.port);
  await silent.event('connect.challenge');
  const client = await connectAssistant(rig.gateway.port);
  await rig.clock.advance(14_000);
  expect(silent.socket.readyState).toBe(silent.socket.OPEN);
  await rig.clock.advance(2_000);
  expect((await silent.closed)[0]).toBe(1000);
  expect(await client.event('tick')).toMatchObject({ ts: expect.any(Number) });
});

test('a run is durable when chat.send answers, is told as it goes on, and the same name never runs again', async () => {
  await using rig = await open();
  const client = await connectAssistant(rig.gateway.port);
  const asked = { sessionKey: 'main', message: 'hi', idempotencyKey: 'mine' };
  expect(await client.request('chat.send', asked)).toMatchObject({ runId: 'mine', status: 'started', sessionKey: KEY });
  const run = await own(rig.store, 'mine');
  expect(JSON.parse(run.lease.creation)[3]).toMatchObject({ agent: 'default', input: 'hi', session: KEY });
  await run.append(step, words('Hello'));
  expect(await client.event('chat', ({ state }) => state === 'delta')).toMatchObject({ runId: 'mine', deltaText: 'Hello' });
  expect(await client.request('chat.send', asked)).toMatchObject({ status: 'in_flight' });
  await run.append(words(' you'));
  await run.finish();
  expect(await client.event('chat', ({ state }) => state === 'final')).toMatchObject({ message: { content: [{ text: 'Hello you' }] } });
  expect(await client.request('chat.send', asked)).toMatchObject({ status: 'ok' });
  expect(await client.event('chat', ({ state }) => state === 'final')).toMatchObject({ message: { content: [{ text: 'Hello you' }] } });
  expect(await client.ask('chat.send', { ...asked, message: 'other' })).toMatchObject({
    error: { code: 'INVALID_REQUEST', details: { code: 'IDEMPOTENCY_CONFLICT' } },
  });
  expect(await client.ask('chat.send', { ...asked, sessionKey: 'agent:default:other' })).toMatchObject({ ok: false });
  expect(await client.request('sessions.list')).toMatchObject({ count: 1 });
  await client.request('sessions.patch', { key: KEY, thinkingLevel: 'max' });
  expect(await client.request('chat.send', asked)).toMatchObject({ status: 'ok' });
  expect((await rig.store.runs.list('default', { limit: 10 })).runs).toHaveLength(1);
});

test('agent answers twice, and whoever asks again under the same name gets the same answer', async () => {
  await using rig = await open();
  const client = await connectAssistant(rig.gateway.port);
  const frame = { type: 'req', id: 'a', method: 'agent', params: { message: 'hi', idempotencyKey: 'once', thinking: 'max' } };
  client.send(frame);
  expect((await client.next(({ id }) => id === 'a')).payload).toMatchObject({ runId: 'once', status: 'accepted', sessionKey: KEY });
  const run = await own(rig.store, 'once');
  expect(JSON.parse(run.lease.creation)[3]).toMatchObject({ level: 4 });
  const waiting = client.request('agent.wait', { runId: 'once', timeoutMs: 10_000 });
  expect(await client.request('agent.wait', { runId: 'once', timeoutMs: 1 })).toMatchObject({ status: 'timeout' });
  await run.append(step, words('Done.'));
  await run.finish();
  const answered = (await client.next(({ id }) => id === 'a')).payload;
  expect(answered).toMatchObject({ runId: 'once', status: 'ok', result: { payloads: [{ text: 'Done.' }] } });
  expect(await waiting).toMatchObject({ runId: 'once', status: 'ok' });
  const other = await connectAssistant(rig.gateway.port);
  other.send(frame);
  expect((await other.next(({ id }) => id === 'a')).payload).toMatchObject({ status: 'accepted' });
  expect((await other.next(({ id }) => id === 'a')).payload).toEqual(answered);
  expect(await other.ask('agent.wait', { runId: 'nobody' })).toMatchObject({ error: { details: { code: 'NOT_FOUND' } } });
});

test('a run that fails is an error that says whether to try again', async () => {
  await using rig = await open();
  const client = await connectAssistant(rig.gateway.port);
  client.send({ type: 'req', id: 'a', method: 'agent', params: { message: 'hi', idempotencyKey: 'fails' } });
  await client.next(({ id }) => id === 'a');
  const run = await own(rig.store, 'fails');
  const error = { code: 'PROVIDER_RATE_LIMITED', message: 'Slow down.', retryAfterMs: 1_500 } as const;
  run.lease.append([encodeRecord('run.finished', 0, 0, { status: 'failed', error, usage: NO_USAGE })], 'process', true);
  expect(await client.next(({ id }) => id === 'a')).toMatchObject({
    ok: false,
    error: { code: 'UNAVAILABLE', retryable: true, retryAfterMs: 1_500, details: { code: 'PROVIDER_RATE_LIMITED' } },
    payload: { runId: 'fails', status: 'error' },
  });
});

test('another server on the same log goes on where the first one was: history, cursor, events', async () => {
  const store = createMemoryStore();
  let cursor: unknown;
  {
    await using rig = await open({ store: { ...store, close: async () => undefined } });
    const client = await connectAssistant(rig.gateway.port);
    await client.request('chat.send', { sessionKey: KEY, message: 'first', idempotencyKey: 'r1' });
    const first = await own(store, 'r1');
    await first.append(step, words('one'));
    await first.finish();
    await client.event('chat', ({ state }) => state === 'final');
    const history = await client.request('chat.history', { sessionKey: KEY });
    expect(history).toMatchObject({ messages: [{ role: 'user' }, { role: 'assistant', content: [{ text: 'one' }] }] });
    expect(history).not.toHaveProperty('inFlightRun');
    cursor = history['deltaCursor'];
    await client.request('chat.send', { sessionKey: KEY, message: 'second', idempotencyKey: 'r2' });
  }
  const second = await own(store, 'r2');
  await second.append(step, words('so far '));
  const { defects } = await (async () => {
    const found = await store.state.get('_house', 'catalogue');
    expect(found).toBeDefined();
    await using rig = await openRig({
      clock: systemClock,
      store: {
        ...store,
        state: {
          ...store.state,
          put: (tenant, key, value, rev) => (key === 'catalogue' ? Promise.resolve(1) : store.state.put(tenant, key, value, rev)),
        },
      },
    });
    const client = await connectAssistant(rig.gateway.port);
    const news = await client.request('chat.history', { sessionKey: KEY, cursor: String(cursor) });
    expect(news).toMatchObject({
      kind: 'delta',
      messages: [{ messageSeq: 3, message: { role: 'user' } }],
      inFlightRun: { runId: 'r2', text: 'so far ' },
    });
    await second.append(words('and on'));
    expect(await client.event('chat', ({ state }) => state === 'delta')).toMatchObject({
      runId: 'r2',
      deltaText: 'and on',
      message: { content: [{ text: 'so far and on' }] },
    });
    await second.finish();
    await client.event('chat', ({ state }) => state === 'final');
    const rest = await client.request('chat.history', { sessionKey: KEY, cursor: String(news['deltaCursor']) });
    expect(rest).toMatchObject({
      kind: 'delta',
      messages: [{ messageSeq: 4, message: { role: 'assistant', content: [{ text: 'so far and on' }] } }],
      deltaCursor: '0.4',
    });
    await client.request('sessions.reset', { key: KEY });
    expect(await client.request('chat.history', { sessionKey: KEY, cursor: String(rest['deltaCursor']) })).toEqual({ kind: 'reset' });
    expect(await client.request('chat.history', { sessionKey: KEY })).toMatchObject({ messages: [] });
    return rig;
  })();
  expect(defects).toEqual([]);
});

test('what is said in a session is told to who attached to it, and to nobody else', async () => {
  await using rig = await open();
  const [speaker, viewer, follower, stranger] = await Promise.all([1, 2, 3, 4].map(() => connectAssistant(rig.gateway.port)));
  if (!speaker || !viewer || !follower || !stranger) throw new Error('there are four');
  await viewer.request('chat.history', { sessionKey: KEY });
  await follower.request('sessions.messages.subscribe', { key: KEY });
  await stranger.request('chat.history', { sessionKey: 'agent:default:other' });
  await stranger.request('sessions.subscribe');
  await speaker.request('chat.send', { sessionKey: KEY, message: 'hi', idempotencyKey: 'r' });
  expect(await stranger.event('sessions.changed')).toMatchObject({ sessionKey: KEY, phase: 'start' });
  expect(await follower.event('session.message')).toMatchObject({ message: { role: 'user' }, messageSeq: 1 });
  const run = await own(rig.store, 'r');
  await run.append(step, words('Hello'));
  await run.finish();
  for (const each of [speaker, viewer, follower]) await each.event('chat', ({ state }) => state === 'final');
  expect(await follower.event('session.message')).toMatchObject({ message: { role: 'assistant' }, messageSeq: 2 });
  await stranger.request('health');
  expect(stranger.heard.filter(({ event }) => event === 'chat' || event === 'agent')).toEqual([]);
  const seqs = viewer.heard.flatMap(({ seq }) => (seq === undefined ? [] : [seq]));
  expect(seqs).toEqual(seqs.map((_, i) => i + 1));
});

test('a run is aborted by its name or by its session, durably', async () => {
  await using rig = await open();
  const client = await connectAssistant(rig.gateway.port);
  for (const idempotencyKey of ['a', 'b', 'c']) await client.request('chat.send', { sessionKey: KEY, message: 'hi', idempotencyKey });
  expect(await client.ask('chat.abort', { sessionKey: 'agent:default:other', runId: 'a' })).toMatchObject({ ok: false });
  expect(await client.request('chat.abort', { sessionKey: KEY, runId: 'a' })).toEqual({ ok: true, aborted: true, runIds: ['a'] });
  expect(await client.request('chat.abort', { sessionKey: KEY })).toEqual({ ok: true, aborted: true, runIds: ['a', 'b', 'c'] });
  const run = await own(rig.store, 'a');
  expect(run.lease.commands).toEqual([{ id: 'chat.abort', kind: 'cancel' }]);
  await run.finish();
  expect(await client.request('chat.abort', { sessionKey: KEY, runId: 'a' })).toEqual({ ok: true, aborted: false, runIds: [] });
});

test('sessions are made, named, set, listed, found and deleted', async () => {
  await using rig = await open();
  const client = await connectAssistant(rig.gateway.port);
  const { key } = (await client.request('sessions.create', { agentId: 'default', label: 'Plans' })) as { key: string };
  await client.request('sessions.patch', { key, thinkingLevel: 'high' });
  await client.request('chat.send', { sessionKey: key, message: 'hi', idempotencyKey: 'r' });
  const run = await own(rig.store, 'r');
  expect(JSON.parse(run.lease.creation)[3]).toMatchObject({ level: 3, session: key });
  expect(await client.request('sessions.list', { search: 'plan' })).toMatchObject({
    count: 1,
    sessions: [{ key, label: 'Plans', thinkingLevel: 'high', status: 'running', activeRunIds: ['r'] }],
  });
  expect(await client.request('sessions.resolve', { label: 'Plans' })).toMatchObject({ ok: true, key });
  expect(await client.ask('sessions.delete', { key })).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining('Abort it first') },
  });
  await run.finish();
  expect(await client.request('sessions.describe', { key })).toMatchObject({ session: { status: 'done' } });
  expect(await client.request('sessions.delete', { key })).toMatchObject({ deleted: true });
  expect(await client.request('sessions.list')).toMatchObject({ count: 0 });
  await client.request('chat.send', { sessionKey: key, message: 'hi', idempotencyKey: 'r2' });
  expect(JSON.parse((await own(rig.store, 'r2')).lease.creation)[3]).toMatchObject({ session: `${key}#1` });
  for (const params of [{ key, model: 'nobody' }, { key, thinkingLevel: 'much' }, { key: 'agent:' }])
    expect(await client.ask('sessions.patch', params)).toMatchObject({ ok: false, error: { code: 'INVALID_REQUEST' } });
});

test('what a client may do is what its scopes say', async () => {
  await using rig = await open();
  const reader = await connectAssistant(rig.gateway.port, { scopes: ['operator.read'] });
  expect(await reader.ask('health')).toMatchObject({ ok: true });
  expect(await reader.ask('chat.send', { sessionKey: KEY, message: 'hi', idempotencyKey: 'r' })).toMatchObject({
    error: { code: 'FORBIDDEN', details: { code: 'MISSING_SCOPE', missingScope: 'operator.write', requiredScopes: ['operator.write'] } },
  });
});

test('who asks too much at once is told when to come back, and a server that drains says so', async () => {
  await using rig = await open();
  const client = await connectAssistant(rig.gateway.port);
  for (let i = 0; i < 1_100; i++) client.send({ type: 'req', id: `flood-${i}`, method: 'health', params: {} });
  const last = await client.next(({ ok, id }) => ok === false && id !== undefined);
  expect(last.error).toMatchObject({ code: 'UNAVAILABLE', retryable: true, retryAfterMs: 1_000 });
  const other = await connectAssistant(rig.gateway.port);
  rig.gateway.drain(500);
  expect(await other.event('shutdown')).toEqual({ reason: 'draining', restartExpectedMs: 500 });
  expect(await other.ask('chat.send', { sessionKey: KEY, message: 'hi', idempotencyKey: 'r' })).toMatchObject({
    error: { code: 'UNAVAILABLE', details: { code: 'SHUTTING_DOWN' } },
  });
});

test('a person is asked in the client whether a tool may be called, and answers once; that is written down', async () => {
  const notes: AuditEntry[] = [];
  await using rig = await open({ audit: { note: (entry) => void notes.push(entry), ensure: async () => undefined } });
  const client = await connectAssistant(rig.gateway.port, { caps: ['plugin-approvals'] });
  const other = await connectAssistant(rig.gateway.port, { scopes: ['operator.read'] });
  await client.request('chat.send', { sessionKey: KEY, message: 'hi', idempotencyKey: 'r' });
  const run = await own(rig.store, 'r');
  const asked = {
    id: '1.c1',
    about: 'tool',
    name: 'shell',
    text: '{"command":"ls"}',
    hash: 'a'.repeat(64),
    expiresAt: Date.now() + 60_000,
  } as const;
  await run.append(step, encodeRecord('approval.asked', 1, 1, asked));
  const { id } = await client.event('plugin.approval.requested');
  expect(id).toBe(`${rig.store.runId('default', 'r')}.1.c1`);
  expect(await client.request('plugin.approval.list')).toMatchObject([{ id, request: { toolName: 'shell', sessionKey: KEY } }]);
  expect(await other.ask('plugin.approval.resolve', { id, decision: 'allow-once' })).toMatchObject({ error: { code: 'FORBIDDEN' } });
  expect(await client.ask('plugin.approval.resolve', { id: 'x', decision: 'deny' })).toMatchObject({
    error: { details: { reason: 'APPROVAL_NOT_FOUND' } },
  });
  expect(await client.request('plugin.approval.resolve', { id, decision: 'allow-once' })).toMatchObject({ ok: true });
  expect(notes.filter(({ decision }) => decision === 'allowed')).toMatchObject([
    {
      principal: { tenant: 'default', id: 'anonymous' },
      address: '127.0.0.1',
      action: 'command.approve',
      target: rig.store.runId('default', 'r'),
    },
  ]);
  const again = await own(rig.store, 'r');
  expect(again.lease.commands).toMatchObject([{ kind: 'approve', data: { approval: '1.c1', hash: 'a'.repeat(64), answer: 'allow' } }]);
  await again.append(encodeRecord('approval.given', 0, 0, { id: '1.c1', answer: 'allow', command: 'c' }));
  expect(await client.event('plugin.approval.resolved')).toMatchObject({ id });
  expect(await client.ask('plugin.approval.resolve', { id, decision: 'deny' })).toMatchObject({
    error: { details: { reason: 'APPROVAL_NOT_FOUND' } },
  });
  expect(await client.request('plugin.approval.list')).toEqual([]);
});
