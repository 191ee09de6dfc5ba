import { setTimeout as sleep } from 'node:timers/promises';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { foldOf, kindsOf, openTestHouse, recordsOf, said } from './house.ts';

test('a house that does not stream delivers answers whole: what broke off is never seen', async () => {
  const gate = Promise.withResolvers<void>();
  let calls = 0;
  await using house = await openTestHouse(
    [
      async (_request, sink) => {
        sink.text(`one${++calls} `);
        if (calls === 1) throw new OpenClawError('PROVIDER_FAILED', 'broke off');
        await gate.promise;
        sink.text('two');
        return said;
      },
    ],
    { runtime: { streaming: false } },
  );
  const key = await house.run('r');
  while (calls < 2) await sleep(5);
  await sleep(20);
  expect(kindsOf(await recordsOf(house.store, key))).not.toContain('text');
  gate.resolve();
  const records = await house.ended(key);
  expect(foldOf(records).steps[0]?.text).toBe('one2 two');
  expect(records.filter(({ kind }) => kind === 'step.started')).toHaveLength(1);
});
