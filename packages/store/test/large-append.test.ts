import { encodeRecord } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { createMemoryStore, runKey } from '../src/index.ts';

test('what was written in one go is kept and read in parts, so that nobody takes all of it apart for a few records', async () => {
  const store = createMemoryStore();
  const key = runKey('t', 'large');
  const created = encodeRecord('run.created', 0, 0, { agent: 'default', input: 'x', at: 0, fingerprint: 'f' });
  await store.runs.create(key, created, 'f');
  const lease = await store.queue.claim(key, 'test');
  const texts = Array.from({ length: 256 }, (_, i) => encodeRecord('text', 1, 1, `${i} ${'x'.repeat(16 * 1024)}`));
  const end = encodeRecord('run.finished', 0, 0, { status: 'cancelled', by: 'x', usage: {} } as never);
  lease.append([...texts, end], 'disk', true);
  await lease.settled();
  // With this commit it leaves memory.
  await store.runs.create(runKey('t', 'next'), created, 'f');
  let seq = 0;
  let h: number | undefined;
  for (;;) {
    const { chunk, before, head } = await store.runs.read(key, seq, 16 * 2 ** 20);
    if (h !== undefined) expect(before).toBe(h);
    if (!chunk) {
      expect([seq, head.done]).toEqual([258, true]);
      break;
    }
    expect(chunk.first).toBe(seq + 1);
    expect(chunk.body.length).toBeLessThan(2 * 2 ** 20);
    seq = chunk.first + chunk.count - 1;
    h = chunk.h;
  }
  // From the middle of it as well.
  const { chunk } = await store.runs.read(key, 20, 1);
  expect(chunk?.body).toBe(texts[19]);
  await store.close();
});
