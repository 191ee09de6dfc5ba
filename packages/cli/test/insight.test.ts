import { runKey } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { createInsight } from '../src/house/insight.ts';

const insight = createInsight({ active: 2, waits: () => undefined, health: undefined }, () => 8);

test('setting a tier where there are none is refused, not taken and forgotten', () => {
  expect(() => insight.setTier('model', 'm', 3)).toThrow(expect.objectContaining({ code: 'NOT_IMPLEMENTED' }));
  expect(insight.tiers()).toEqual([]);
});

test('a run that nobody works on waits in the queue', () => {
  expect(insight.waits(runKey('default', 'r'))).toEqual([{ for: 'queue', detail: '2 of 8 runs are at work' }]);
});
