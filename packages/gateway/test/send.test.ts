import { LIMITS } from '@openclaw-runtime/protocol';
import type { Command } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { openRig, type Rig } from './rig.ts';

/** A run that is at work, and the commands that reach its owner. */
async function beginOwned(rig: Rig): Promise<{ readonly run: string; readonly commands: readonly Command[] }> {
  const commands: Command[] = [];
  rig.store.queue.consume('owner', 10, {
    leased: () => undefined,
    command: (_key, command) => commands.push(command),
    lost: () => undefined,
  });
  const response = await post(rig, '/v1/runs', { input: 'a' });
  return { run: (response.body as { readonly run: string }).run, commands };
}

async function post(
  rig: Rig,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${rig.http}${path}`, {
    method: 'POST',
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

describe('3.8 a message by WebSocket', () => {
  test('reaches the run’s owner once', async () => {
    await using rig = await openRig();
    const { run, commands } = await beginOwned(rig);
    const peer = await rig.dial();
    const frame = { t: 'command', run, id: 'm1', kind: 'send', data: { text: 'more', mode: 'steer' } };
    peer.send(frame);
    expect(await peer.next('ok')).toEqual({ t: 'ok', id: 'm1' });
    peer.send(frame);
    expect(await peer.next('ok')).toEqual({ t: 'ok', id: 'm1', dup: true });
    expect(commands).toEqual([{ id: 'm1', kind: 'send', data: { text: 'more', mode: 'steer' } }]);
  });

  test.each([
    ['no data', undefined, 'BAD_REQUEST'],
    ['text alone', 'more', 'BAD_REQUEST'],
    ['no mode', { text: 'more' }, 'BAD_REQUEST'],
    ['another mode', { text: 'more', mode: 'shout' }, 'BAD_REQUEST'],
    ['an empty text', { text: '', mode: 'queue' }, 'BAD_REQUEST'],
    ['a field too many', { text: 'more', mode: 'queue', tenant: 'x' }, 'BAD_REQUEST'],
    ['a text too long', { text: 'x'.repeat(LIMITS.maxCommandChars), mode: 'queue' }, 'TOO_LARGE'],
  ])('with %s is refused, and the connection stays', async (_name, data, code) => {
    await using rig = await openRig();
    const { run, commands } = await beginOwned(rig);
    const peer = await rig.dial();
    peer.send({ t: 'command', run, id: 'm1', kind: 'send', ...(data === undefined ? {} : { data }) });
    expect(await peer.next('err')).toMatchObject({ id: 'm1', code });
    const longest = LIMITS.maxCommandChars - JSON.stringify({ text: '', mode: 'queue' }).length;
    peer.send({ t: 'command', run, id: 'm2', kind: 'send', data: { text: 'x'.repeat(longest), mode: 'queue' } });
    expect(await peer.next('ok')).toEqual({ t: 'ok', id: 'm2' });
    expect(commands.map(({ id }) => id)).toEqual(['m2']);
  });

  test('is refused with RATE_LIMITED when too many wait; a cancellation is not', async () => {
    await using rig = await openRig();
    const { run, commands } = await beginOwned(rig);
    const peer = await rig.dial();
    const send = (id: string): void => peer.send({ t: 'command', run, id, kind: 'send', data: { text: id, mode: 'queue' } });
    for (let i = 0; i < LIMITS.maxWaitingCommands; i++) {
      send(`m${i}`);
      await peer.next('ok');
    }
    send('more');
    expect(await peer.next('err')).toMatchObject({ id: 'more', code: 'RATE_LIMITED', retryAfterMs: 1000 });
    send('m0');
    expect(await peer.next('ok')).toEqual({ t: 'ok', id: 'm0', dup: true });
    peer.send({ t: 'command', run, id: 'stop', kind: 'cancel' });
    expect(await peer.next('ok')).toEqual({ t: 'ok', id: 'stop' });
    expect(commands).toHaveLength(LIMITS.maxWaitingCommands + 1);
  });
});

describe('7.3 by HTTP', () => {
  test('a message is 202 when it is durable, queues where it says no mode, and is the same under the same key', async () => {
    await using rig = await openRig();
    const { run, commands } = await beginOwned(rig);
    const first = await post(rig, `/v1/runs/${run}/messages`, { text: 'more' }, { 'idempotency-key': 'm1' });
    expect(first).toEqual({ status: 202, body: { run, id: 'm1' } });
    const again = await post(rig, `/v1/runs/${run}/messages`, { text: 'more' }, { 'idempotency-key': 'm1' });
    expect(again).toEqual({ status: 202, body: { run, id: 'm1', dup: true } });
    const other = await post(rig, `/v1/runs/${run}/messages`, { text: 'now', mode: 'interrupt' });
    expect(other.status).toBe(202);
    const data = [
      { mode: 'queue', text: 'more' },
      { mode: 'interrupt', text: 'now' },
    ];
    expect(commands.map((command) => command.data)).toEqual(data);
    expect(commands.every(({ kind }) => kind === 'send')).toBe(true);
  });

  test.each([[{ text: '' }], [{ mode: 'queue' }], ['text'], [null], [[]]])('the message %j is refused', async (body) => {
    await using rig = await openRig();
    const { run, commands } = await beginOwned(rig);
    expect(await post(rig, `/v1/runs/${run}/messages`, body)).toMatchObject({ status: 400, body: { error: { code: 'BAD_REQUEST' } } });
    expect(commands).toEqual([]);
  });

  test('feedback is any JSON, also for a run that has ended; a message to such a run is 409', async () => {
    await using rig = await openRig();
    const { run, commands } = await beginOwned(rig);
    expect((await post(rig, `/v1/runs/${run}/feedback`, { stars: 5 })).status).toBe(202);
    expect(commands).toMatchObject([{ kind: 'feedback', data: { stars: 5 } }]);
    const log = await rig.begin('ended');
    await log.finish();
    expect((await post(rig, `/v1/runs/${log.run}/feedback`, 'late')).status).toBe(202);
    expect(await post(rig, `/v1/runs/${log.run}/messages`, { text: 'late' })).toMatchObject({
      status: 409,
      body: { error: { code: 'RUN_FINISHED', message: expect.stringContaining('in the same session') } },
    });
    expect((await fetch(`${rig.http}/v1/runs/${run}/messages`)).status).toBe(405);
  });
});
