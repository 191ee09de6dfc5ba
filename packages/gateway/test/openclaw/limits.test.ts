/** What clients of the gateway protocol may do, and how much of it. */
import { systemClock } from '@openclaw-runtime/kit';
import { encodeRecord } from '@openclaw-runtime/protocol';
import { runKey } from '@openclaw-runtime/store';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { METHODS } from '../../src/openclaw/methods/table.ts';
import { openRig } from '../rig.ts';
import { CONNECT, connectAssistant, dialAssistant, type Frame } from './dial.ts';

const KEY = 'agent:default:main';

test('each method takes the scope that its row says, of whoever asks', async () => {
  await using rig = await openRig({ clock: systemClock });
  const gives: Readonly<Record<string, readonly string[]>> = {
    'operator.read': ['read'],
    'operator.write': ['read', 'run'],
    'operator.approvals': ['read', 'approve'],
    'operator.admin': ['read', 'run', 'approve', 'operate', 'admin'],
    'operator.pairing': [],
  };
  const rows = Object.entries(METHODS);
  expect(rows.filter(([, { scope }]) => scope === 'public')).toEqual([]);
  expect(rows.flatMap(([method, { scope }]) => (scope === 'run' ? [method] : []))).toEqual([
    'sessions.create',
    'sessions.patch',
    'sessions.reset',
    'sessions.delete',
    'sessions.send',
    'sessions.abort',
    'chat.send',
    'chat.abort',
    'agent',
  ]);
  for (const [word, scopes] of Object.entries(gives)) {
    const client = await connectAssistant(rig.gateway.port, { scopes: [word] });
    for (const [method, { scope }] of rows) {
      const id = `${word} ${method}`;
      client.send({ type: 'req', id, method, params: {} });
      const { error } = await client.next((frame) => frame.id === id);
      expect([id, error?.code === 'FORBIDDEN']).toEqual([id, !scopes.includes(scope)]);
    }
    client.socket.terminate();
  }
});

test('who reads nothing is told little more, and then let go', async () => {
  const insight = { waits: () => [], tiers: () => [], setTier: () => undefined };
  await using rig = await openRig({ clock: systemClock, insight, limits: { unsentBytes: 64 * 1024, stalledMs: 1_500 } });
  const client = await connectAssistant(rig.gateway.port);
  await client.request('chat.send', { sessionKey: KEY, message: 'hi', idempotencyKey: 'long' });
  const run = rig.store.runId('default', 'long');
  const lease = await rig.store.queue.claim(runKey('default', run), 'test');
  const say = (text: string): Promise<void> => {
    lease.append([encodeRecord('text', 1, 1, text)], 'process');
    return lease.settled();
  };
  lease.append([encodeRecord('step.started', 1, 1, { model: 'm' })], 'process');
  await say('x'.repeat(400_000));
  await client.event('chat', ({ state }) => state === 'delta');
  client.socket.pause();
  for (let i = 0; i < 200; i++) client.send({ type: 'req', id: `h${i}`, method: 'chat.history', params: { sessionKey: KEY } });
  const readers = async (): Promise<readonly { unsentBytes: number }[]> => {
    const why = await (await fetch(`${rig.http}/v1/runs/${run}/why`)).json();
    return (why as { readers: { unsentBytes: number }[] }).readers;
  };
  let most = 0;
  for (let i = 0; i < 40; i++) {
    await say('y');
    await new Promise((resolve) => setTimeout(resolve, 20));
    most = Math.max(most, ...(await readers()).map(({ unsentBytes }) => unsentBytes));
  }
  // What four histories and one event take, behind what there may be; all of them would be 80 MB.
  expect(most).toBeGreaterThan(64 * 1024);
  expect(most).toBeLessThan(3_000_000);
  // It is let go, and has some seconds to hear why. Who is there is behind, save for a moment.
  for (let absent = 0; absent < 5; absent = (await readers()).length === 0 ? absent + 1 : 0) {
    await say('y');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  client.socket.resume();
  expect(await client.closed).toEqual([1008, 'slow consumer']);
  const other = await connectAssistant(rig.gateway.port);
  expect(await other.request('chat.history', { sessionKey: KEY })).toMatchObject({ inFlightRun: { runId: 'long' } });
});

test('whatever comes, the server stays: before connect it is let go, behind it it is answered', async () => {
  await using rig = await openRig({ clock: systemClock });
  const value = fc.jsonValue({ maxDepth: 3 });
  const params = fc.dictionary(
    fc.constantFrom(
      'sessionKey',
      'key',
      'message',
      'idempotencyKey',
      'runId',
      'limit',
      'cursor',
      'timeoutMs',
      'agentId',
      'model',
      'thinking',
      'label',
    ),
    value,
  );
  const request = fc.record({
    type: fc.constant('req'),
    id: fc.string({ minLength: 1, maxLength: 20 }),
    method: fc.constantFrom(...Object.keys(METHODS), 'connect', 'x'),
    params: fc.oneof(params, value),
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(value, fc.string(), request), async (frame) => {
      const stranger = dialAssistant(rig.gateway.port);
      await stranger.event('connect.challenge');
      stranger.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
      expect([1002, 1008]).toContain((await stranger.closed)[0]);
    }),
    { numRuns: 60 },
  );
  const client = await connectAssistant(rig.gateway.port);
  let count = 0;
  await fc.assert(
    fc.asyncProperty(request, async (asked) => {
      const id = `fuzz-${++count}`;
      client.send({ ...asked, id });
      if (!JSON.stringify(asked.params).includes('timeoutMs')) {
        const answered: Frame = await client.next((frame) => frame.id === id);
        expect(answered.error?.details['code']).not.toBe('INTERNAL');
      }
    }),
    { numRuns: 500 },
  );
  expect(rig.defects).toEqual([]);
  expect(await (await connectAssistant(rig.gateway.port)).request('health')).toMatchObject({ ok: true });
});

test('access that is taken away ends the socket', async () => {
  let token = 'first-token';
  await using rig = await openRig({ clock: systemClock, token: () => token });
  const client = await connectAssistant(rig.gateway.port, { auth: { token } });
  token = 'other-token';
  const [code] = await client.closed;
  expect(code).toBe(1008);
  expect(CONNECT.minProtocol).toBe(4);
});
