import { systemClock } from '@openclaw-runtime/kit';
import { expect, test } from 'vitest';
import { type EngineMeter, meteredPersister } from '../src/hall/engine-meter.ts';
import type { Batch, Persister, Receipt } from '../src/hall/persister.ts';
import { createMemoryStore, runKey } from '../src/index.ts';

function listen(): { readonly heard: string[]; readonly meter: EngineMeter } {
  const heard: string[] = [];
  return {
    heard,
    meter: {
      left: (chars) => heard.push(chars > 0 ? 'left' : 'left with nothing'),
      kept: () => heard.push('kept'),
      refused: () => heard.push('refused'),
      folded: () => heard.push('folded'),
    },
  };
}

test('the engine’s groups are heard of before their followers are', async () => {
  const { heard, meter } = listen();
  const store = createMemoryStore({ meter });
  const key = runKey('t', 'r');
  await store.runs.create(key, '["run.created",0,0,{}]', 'f');
  expect(heard).toEqual(['left', 'kept']);
  store.runs.follow(key, () => heard.push('followed'));
  store.queue.consume('me', 1, {
    leased: (lease) => lease.append(['["text",1,1,"x"]'], 'disk'),
    command: () => undefined,
    lost: () => undefined,
  });
  while (!heard.includes('followed')) await new Promise(setImmediate);
  expect(heard).toEqual(['left', 'kept', 'left', 'kept', 'followed']);
});

test('a full disk, a failure and a fold', async () => {
  const { heard, meter } = listen();
  const receipts: Receipt[] = [
    { ok: false, full: true, message: 'full' },
    { ok: false, full: false, message: 'broken' },
  ];
  const inner = { commit: async () => receipts.shift() as Receipt, fold: async () => true } as unknown as Persister;
  const persister = meteredPersister(inner, meter, systemClock);
  const batch = { lines: 'x', creates: '', segments: '' } as unknown as Batch;
  expect(await persister.commit(batch)).toMatchObject({ full: true });
  expect(await persister.commit(batch)).toMatchObject({ full: false });
  expect(await persister.fold('t/r')).toBe(true);
  expect(heard).toEqual(['left', 'refused', 'left', 'folded']);
});
