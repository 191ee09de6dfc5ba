/** Which answer of a chat a page that comes back is given. */
import { encodeRecord } from '@openclaw-runtime/protocol';
import { createMemoryStore } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { FINISHED, openRig } from './rig.ts';

test('who asks once more for what has ended gets it, and takes no other answer’s place', async () => {
  const store = createMemoryStore();
  await using rig = await openRig({ store });
  const stop = store.queue.consume('test', 10, {
    leased(lease) {
      const isShort = lease.creation.includes('Shortly.');
      const said = [encodeRecord('step.started', 1, 1, { model: 'm' }), encodeRecord('text', 1, 1, isShort ? 'Short.' : 'Long')];
      lease.append(isShort ? [...said, FINISHED] : said, 'process', isShort);
    },
    command: () => undefined,
    lost: () => undefined,
  });
  const away = new AbortController();
  const post = (text: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${rig.http}/v1/chat`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ id: 'c', messages: [{ role: 'user', parts: [{ type: 'text', text }] }] }),
      signal: away.signal,
    });
  const idOf = ({ headers }: Response): string | null => headers.get('x-request-id');
  const first = await post('Shortly.', { 'idempotency-key': 'k' });
  const told = await first.text();
  expect(told).toContain('"delta":"Short."');
  const underWay = await post('At length.');
  const again = await post('Shortly.', { 'idempotency-key': 'k' });
  expect([idOf(again), await again.text()]).toEqual([idOf(first), told]);
  const resumed = await fetch(`${rig.http}/v1/chat/c/stream`, { signal: away.signal });
  expect([resumed.status, idOf(resumed)]).toEqual([200, idOf(underWay)]);
  away.abort();
  stop();
});
