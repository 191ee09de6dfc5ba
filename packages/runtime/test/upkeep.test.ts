import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { type CompactReport, createMemoryStore, type RetentionPolicy, runKey, type Store } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { startUpkeep } from '../src/upkeep.ts';

const NOTHING: CompactReport = { compacted: 0, deleted: 0, freedBytes: 0, damaged: [], longestMs: 0 };
const damaged = [{ key: runKey('t', 'r'), message: 'its checksum failed' }];

test('a pass at once and a minute after each, told of when something happened; damage once; a failure does not end it', async () => {
  const calls: [RetentionPolicy, number][] = [];
  const lines: string[] = [];
  const timers: (() => void)[] = [];
  const answers: (CompactReport | Error)[] = [
    { ...NOTHING, compacted: 2, deleted: 1, freedBytes: 8192, damaged },
    { ...NOTHING, damaged },
    new OpenClawError('STORE_FULL', 'The disk is full.'),
    NOTHING,
  ];
  const clock: Clock = {
    now: () => 0,
    wall: () => 7,
    after(ms, fn) {
      expect(ms).toBe(60_000);
      timers.push(fn);
      return () => void timers.splice(timers.indexOf(fn), 1);
    },
  };
  const compact: Store['upkeep']['compact'] = (policy, wallMs) => {
    const answer = answers[calls.push([policy, wallMs]) - 1];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer ?? NOTHING);
  };
  const inner = createMemoryStore();
  const policy = { compactAfterMs: 1 };
  const upkeep = startUpkeep({
    store: { ...inner, upkeep: { ...inner.upkeep, compact } },
    policy,
    clock,
    log: (line) => lines.push(line),
  });
  for (let passes = 1; passes <= 4; passes++) {
    await expect.poll(() => timers.length).toBe(1);
    expect(calls).toHaveLength(passes);
    timers.shift()?.();
  }
  await expect.poll(() => timers.length).toBe(1);
  upkeep.stop();
  await expect.poll(() => timers.length).toBe(0);
  expect(calls[0]).toEqual([policy, 7]);
  expect(lines).toEqual([
    'upkeep: 2 runs compacted, 1 deleted, 8192 bytes freed',
    'upkeep: run t/r was left as it is: its checksum failed',
    'upkeep: The disk is full.',
  ]);
  await inner.close();
});
