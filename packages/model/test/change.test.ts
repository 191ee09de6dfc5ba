import { seededRandom } from '@openclaw-runtime/kit';
import { expect, test } from 'vitest';
import { type BrokerChange, createBroker } from '../src/index.ts';
import { resolveLimits, UNLIMITED } from '../src/limits/call-limits.ts';
import { createGate } from '../src/limits/gate.ts';
import { createGates } from '../src/limits/gates.ts';
import { createMinute } from '../src/limits/minute.ts';
import { never, SEED } from './fixtures/brokers.ts';
import { createManualClock } from './fixtures/clocks.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const of = (limits: Parameters<typeof resolveLimits>[1]) => resolveLimits('test', limits) ?? UNLIMITED;

test('a gate that is widened lets in who waits; one that is narrowed lets nobody in before enough have left', async () => {
  const clock = createManualClock();
  const gate = createGate('m', of({ concurrency: 1 }), clock);
  const enter = () => gate.admit({ tenant: 't', tokens: 0 }, never(), () => undefined);
  const first = await enter();
  let inside = 1;
  const later = [enter(), enter(), enter()].map((each) =>
    each.then((admission) => {
      inside++;
      return admission;
    }),
  );
  await turn();
  expect(inside).toBe(1);
  gate.change(of({ concurrency: 3 }));
  await turn();
  expect(inside).toBe(3);
  gate.change(of({ concurrency: 1 }));
  first.leave(true);
  await turn();
  expect(inside).toBe(3);
  (await later[0])?.leave(true);
  (await later[1])?.leave(true);
  await turn();
  expect(inside).toBe(4);
});

test('what was taken within a minute counts under its next limit too', () => {
  const clock = createManualClock();
  const minute = createMinute(10, clock);
  minute.take(8);
  minute.change(5);
  expect(minute.waitMs(1)).toBe(60_000);
  minute.change(Number.POSITIVE_INFINITY);
  expect(minute.waitMs(100)).toBe(0);
  const uncounted = minute.take(100);
  minute.amend(uncounted, 0);
  minute.change(10);
  expect(minute.waitMs(2)).toBe(0);
  expect(minute.waitMs(3)).toBe(60_000);
});

test('a model that loses its own limits goes by those of its provider', () => {
  const clock = createManualClock();
  const own = of({ concurrency: 1 });
  const gates = createGates([['m', own]], [['p', own]], clock);
  const target = { model: 'm', provider: 'p' };
  const before = gates.of(target);
  gates.change([['m', undefined]], [['p', own]]);
  expect(gates.of(target)).not.toBe(before);
  expect(gates.of(target)).toBe(gates.of({ provider: 'p' }));
  gates.change([], []);
  expect(gates.of(target)).toBeUndefined();
});

const SIMULATED = { sim: { kind: 'simulated' } } as const;
const table = (...names: readonly string[]): BrokerChange => ({
  providers: SIMULATED,
  models: Object.fromEntries(names.map((name) => [name, { provider: 'sim', name: 'simulated?tokens=3&ms=30' }])),
});

test('a call that is under way ends as it began; the next one goes by the new table; a wrong one changes nothing', async () => {
  const clock = createManualClock();
  const broker = createBroker({ ...table('old'), clock, random: seededRandom(SEED) });
  const sink = createCollectingSink();
  const call = broker.stream({ model: 'old', messages: [{ role: 'user', content: 'x' }] }, sink, never());
  await turn();
  broker.change(table('new'));
  expect(broker.list().map(({ name }) => name)).toEqual(['new']);
  expect(() => broker.info('old')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  for (let i = 0; i < 50; i++) {
    clock.advance(10);
    await turn();
  }
  expect((await call).finish).toBe('stop');
  expect(() => broker.change({ providers: SIMULATED, models: { wrong: { provider: 'nobody' } } })).toThrow(
    expect.objectContaining({ code: 'BAD_CONFIG' }),
  );
  const wrong = { ...table('wrong'), models: { wrong: { provider: 'sim', limits: { concurrency: 0 } } } };
  expect(() => broker.change(wrong)).toThrow(expect.objectContaining({ code: 'BAD_CONFIG' }));
  expect(broker.list().map(({ name }) => name)).toEqual(['new']);
  await broker.close();
  expect(() => broker.change(table('late'))).toThrow(expect.objectContaining({ code: 'SHUTTING_DOWN' }));
});
