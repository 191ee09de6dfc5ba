import { seededRandom } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CallLimits, createBroker, type ModelBroker } from '../src/index.ts';
import { type ResolvedLimits, resolveLimits } from '../src/limits/call-limits.ts';
import { type Admission, createGate, type Gate } from '../src/limits/gate.ts';
import { createMinute } from '../src/limits/minute.ts';
import { ask, failure, never, SEED } from './fixtures/brokers.ts';
import { createManualClock, hurry, type ManualClock } from './fixtures/clocks.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const limitsOf = (limits: CallLimits): ResolvedLimits => resolveLimits('test', limits) as ResolvedLimits;

function open(limits: CallLimits) {
  const clock = createManualClock();
  const gate = createGate('The model "m"', limitsOf(limits), clock);
  const waits: number[] = [];
  const enter = (tenant = 't', tokens = 0, signal = never()) => gate.admit({ tenant, tokens }, signal, (ahead) => waits.push(ahead));
  return { clock, gate, waits, enter };
}

/** Who is in, in the order of their admission. */
function watch(gate: Gate) {
  const order: string[] = [];
  const inside = new Map<string, Admission>();
  const come = (name: string, tenant: string, signal = never()) =>
    gate
      .admit({ tenant, tokens: 0 }, signal, () => undefined)
      .then(
        (admission) => {
          order.push(name);
          inside.set(name, admission);
        },
        () => undefined,
      );
  const go = async (name: string) => {
    inside.get(name)?.leave(true);
    await turn();
  };
  return { order, come, go };
}

describe('the limits of a configuration', () => {
  test('are none where none holds', () => {
    expect(resolveLimits('models.m.limits', undefined)).toBeUndefined();
    expect(resolveLimits('models.m.limits', { queue: 5 })).toBeUndefined();
    expect(resolveLimits('models.m.limits', { concurrency: 2 })).toMatchObject({ concurrency: 2, queue: 10_000 });
  });

  test.each([{ concurrency: 0 }, { requestsPerMinute: 1.5 }, { tokensPerMinute: -1 }, { queue: -1 }, { concurrency: Number.NaN }])(
    '%o is refused with its place',
    (limits) => {
      expect(() => resolveLimits('models.m.limits', limits)).toThrow(
        expect.objectContaining({ code: 'BAD_CONFIG', message: expect.stringContaining(`models.m.limits.${Object.keys(limits)[0]}`) }),
      );
    },
  );
});

describe('a gate', () => {
  test('lets so many in at once, says how many are ahead, and lets the next in when one leaves', async () => {
    const { gate, waits, enter } = open({ concurrency: 2 });
    const [first] = await Promise.all([enter(), enter()]);
    const third = enter();
    const fourth = enter();
    await turn();
    expect(waits).toEqual([0, 1]);
    first?.leave(true);
    const admission = await third;
    admission.leave(true);
    await fourth;
    expect(waits).toHaveLength(2);
    void gate;
  });

  test('lets so many begin per minute', async () => {
    const { clock, enter } = open({ requestsPerMinute: 2 });
    for (const admission of [await enter(), await enter()]) admission.leave(true);
    let third = false;
    void enter().then(() => {
      third = true;
    });
    clock.advance(59_999);
    await turn();
    expect(third).toBe(false);
    clock.advance(1);
    await turn();
    expect(third).toBe(true);
    expect(clock.pending()).toBe(0);
  });

  test('counts what the provider counted, and gives back what was reserved beyond it', async () => {
    const { clock, enter } = open({ tokensPerMinute: 100 });
    (await enter('t', 60)).leave(true, 10);
    (await enter('t', 80)).leave(true, 95);
    let next = false;
    void enter('t', 1).then(() => {
      next = true;
    });
    clock.advance(59_999);
    await turn();
    expect(next).toBe(false);
    clock.advance(1);
    await turn();
    expect(next).toBe(true);
  });

  test('lets a call pass that is larger than the limit, once nothing else is there', async () => {
    const { clock, enter } = open({ tokensPerMinute: 100 });
    await enter('t', 1);
    const large = enter('t', 1_000);
    await hurry(clock, large);
    expect(clock.now()).toBe(1_060_000);
  });

  test('takes back what a call took that never asked', async () => {
    const { enter } = open({ requestsPerMinute: 1, tokensPerMinute: 10 });
    for (let i = 0; i < 5; i++) (await enter('t', 10)).leave(false);
  });

  test('keeps a call’s place over its retries, which go before calls that have not begun', async () => {
    const { clock, enter } = open({ concurrency: 2, requestsPerMinute: 2 });
    const retrier = await enter();
    const other = await enter();
    other.leave(true);
    const order: string[] = [];
    void enter().then(() => order.push('new'));
    await turn();
    void retrier.again(never())?.then(() => order.push('again'));
    clock.advance(60_000);
    await turn();
    expect(order).toEqual(['again', 'new']);
  });

  test('refuses what waits beyond its queue, and says when to come again', async () => {
    const { enter } = open({ concurrency: 1, queue: 1 });
    await enter();
    void enter();
    const error = await failure(enter());
    expect([error.code, error.retryAfterMs]).toEqual(['RATE_LIMITED', 1_000]);
    expect(error.message).toContain('The model "m"');
  });

  test('lets tenants take turns, however many calls one of them has', async () => {
    const { gate } = open({ concurrency: 1 });
    const { order, come, go } = watch(gate);
    for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2']) void come(name, name.charAt(0));
    await turn();
    for (const name of ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']) await go(name);
    expect(order).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
  });

  test('forgets a caller that gives up, and rejects with the signal’s reason', async () => {
    const { gate, clock } = open({ concurrency: 1 });
    const { order, come, go } = watch(gate);
    void come('first', 'a');
    const controller = new AbortController();
    const gone = gate.admit({ tenant: 'a', tokens: 0 }, controller.signal, () => undefined);
    void come('next', 'a');
    await turn();
    controller.abort('enough');
    expect(await gone.catch((error: unknown) => error)).toBe('enough');
    await go('first');
    expect(order).toEqual(['first', 'next']);
    expect(clock.pending()).toBe(0);
  });

  test('whose head gives up lets a smaller one behind it go', async () => {
    const { enter } = open({ tokensPerMinute: 100 });
    await enter('t', 60);
    const controller = new AbortController();
    void enter('t', 90, controller.signal).catch(() => undefined);
    const small = enter('t', 10);
    controller.abort();
    await small;
  });

  test('that is closed sends everybody away', async () => {
    const { gate, clock, enter } = open({ requestsPerMinute: 1 });
    const inside = await enter();
    const waiting = [failure(enter()), failure(inside.again(never()) as Promise<void>)];
    gate.close(new OpenClawError('SHUTTING_DOWN', 'closed'));
    expect((await Promise.all(waiting)).map(({ code }) => code)).toEqual(['SHUTTING_DOWN', 'SHUTTING_DOWN']);
    expect((await failure(enter())).code).toBe('SHUTTING_DOWN');
    expect(clock.pending()).toBe(0);
  });
});

test('no minute holds more than the limit, and what waits has to', () => {
  const gaps = fc.array(fc.tuple(fc.integer({ min: 0, max: 30_000 }), fc.integer({ min: 1, max: 10 })), { maxLength: 60 });
  fc.assert(
    fc.property(gaps, (steps) => {
      const clock = createManualClock();
      const minute = createMinute(12, clock);
      const taken: { at: number; amount: number }[] = [];
      const within = (now: number) => taken.filter(({ at }) => at > now - 60_000).reduce((sum, { amount }) => sum + amount, 0);
      for (const [gap, amount] of steps) {
        clock.advance(gap);
        const ms = minute.waitMs(amount);
        if (ms > 0) expect(within(clock.now() + ms - 1) + amount).toBeGreaterThan(12);
        clock.advance(ms);
        minute.take(amount);
        taken.push({ at: clock.now(), amount });
        expect(within(clock.now())).toBeLessThanOrEqual(12);
      }
    }),
    { seed: SEED },
  );
});

type Step =
  | { readonly kind: 'come'; readonly tenant: number; readonly tokens: number }
  | { readonly kind: 'leave' | 'abort' | 'again'; readonly pick: number }
  | { readonly kind: 'pass'; readonly ms: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('come' as const), tenant: fc.integer({ min: 0, max: 3 }), tokens: fc.nat(40) }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('leave' as const, 'abort' as const, 'again' as const), pick: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(40_000) }) },
  ),
  { maxLength: 120 },
);

test('whatever happens: never more than allowed at once or per minute, nobody starves, who gives up leaves no hole', async () => {
  const limits = fc.record({
    concurrency: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    requestsPerMinute: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
    tokensPerMinute: fc.integer({ min: 40, max: 100 }),
  });
  await fc.assert(
    fc.asyncProperty(limits, steps, async (given, schedule) => {
      const arena = openArena(given);
      for (const step of schedule) {
        await arena.act(step);
        arena.check();
      }
      await arena.finish();
    }),
    { seed: SEED, numRuns: 300 },
  );
}, 60_000);

interface Guest {
  readonly tenant: number;
  readonly controller: AbortController;
  readonly place: number;
  phase: 'waiting' | 'inside' | 'returning' | 'over';
  admission?: Admission;
  /** Calls of others that came later and went first. */
  bypassed: number;
}

function openArena(limits: CallLimits) {
  const { clock, gate } = open(limits);
  const guests: Guest[] = [];
  const begun: number[] = [];
  const spent: { at: number; tokens: number }[] = [];
  const having = (...phases: Guest['phase'][]) => guests.filter(({ phase }) => phases.includes(phase));
  const began = () => begun.push(clock.now());

  const come = (tenant: number, tokens: number): void => {
    const guest: Guest = { tenant, controller: new AbortController(), place: guests.length, phase: 'waiting', bypassed: 0 };
    guests.push(guest);
    gate
      .admit({ tenant: String(tenant), tokens }, guest.controller.signal, () => undefined)
      .then(
        (admission) => {
          for (const other of having('waiting')) if (other.place < guest.place) other.bypassed++;
          guest.admission = admission;
          if (guest.phase === 'over') return admission.leave(false);
          guest.phase = 'inside';
          began();
          spent.push({ at: clock.now(), tokens });
        },
        () => {
          guest.phase = 'over';
        },
      );
  };
  const again = (guest: Guest): void => {
    guest.phase = 'returning';
    const back = (): void => {
      guest.phase = 'inside';
      began();
    };
    const leave = (): void => {
      guest.admission?.leave(true);
      guest.phase = 'over';
    };
    const wait = guest.admission?.again(guest.controller.signal);
    if (wait) void wait.then(back, leave);
    else back();
  };

  const act = async (step: Step): Promise<void> => {
    if (step.kind === 'come') come(step.tenant, step.tokens);
    else if (step.kind === 'pass') clock.advance(step.ms);
    else {
      const candidates = step.kind === 'abort' ? having('waiting', 'returning') : having('inside');
      const guest = candidates[step.pick % Math.max(candidates.length, 1)];
      if (!guest) return;
      if (step.kind === 'again') again(guest);
      else if (step.kind === 'leave') {
        guest.phase = 'over';
        guest.admission?.leave(true);
      } else guest.controller.abort('enough');
    }
    await turn();
  };

  const check = (): void => {
    const { concurrency = Number.POSITIVE_INFINITY, requestsPerMinute = Number.POSITIVE_INFINITY, tokensPerMinute = 0 } = limits;
    expect(having('inside', 'returning').length).toBeLessThanOrEqual(concurrency);
    const since = clock.now() - 60_000;
    expect(begun.filter((at) => at > since).length).toBeLessThanOrEqual(requestsPerMinute);
    expect(spent.filter(({ at }) => at > since).reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(tokensPerMinute);
    // One of each other tenant per own call that was before it, itself included.
    for (const guest of having('waiting')) {
      const own = guests.filter(({ tenant, place }) => tenant === guest.tenant && place <= guest.place).length;
      expect(guest.bypassed).toBeLessThanOrEqual(own * 3);
    }
  };

  /** Everybody who still waits gets in, and then all is as at the beginning. */
  const finish = async (): Promise<void> => {
    for (let rounds = 0; having('waiting', 'inside', 'returning').length > 0; rounds++) {
      expect(rounds).toBeLessThan(2_000);
      const [guest] = having('inside');
      if (guest) await act({ kind: 'leave', pick: 0 });
      else await act({ kind: 'pass', ms: 60_000 });
      check();
    }
    expect(clock.pending()).toBe(0);
  };
  return { act, check, finish };
}

describe('a broker', () => {
  const open = (model: CallLimits | undefined, provider?: CallLimits): { clock: ManualClock; broker: ModelBroker } => {
    const clock = createManualClock();
    const broker = createBroker({
      providers: { sim: { kind: 'simulated', timeouts: { totalMs: 5_000 }, ...(provider && { limits: provider }) } },
      models: {
        limited: { provider: 'sim', name: 'simulated?tokens=2&ms=1000', limits: model },
        other: { provider: 'sim', name: 'x?ms=1000' },
      },
      clock,
      random: seededRandom(SEED),
    });
    return { clock, broker };
  };
  const waitingFor = () => {
    const queued: number[] = [];
    return { queued, sink: createCollectingSink({ queued: (ahead) => queued.push(ahead) }) };
  };

  test('makes calls wait for their turn; their time-outs begin when they have it', async () => {
    const { clock, broker } = open({ concurrency: 1 });
    const { queued, sink } = waitingFor();
    const calls = Array.from({ length: 8 }, () => broker.stream(ask('limited'), sink, never()));
    await hurry(clock, Promise.all(calls));
    expect(queued).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(clock.now()).toBeGreaterThanOrEqual(1_008_000);
  });

  test('holds a provider’s limits over its models, save those with their own', async () => {
    const { clock, broker } = open({ concurrency: 5 }, { concurrency: 1 });
    const { queued, sink } = waitingFor();
    const models = ['limited', 'limited', 'other', 'other'];
    await hurry(clock, Promise.all(models.map((model) => broker.stream(ask(model), sink, never()))));
    expect(queued).toEqual([0]);
  });

  test('that is closed sends away who waits', async () => {
    const { broker } = open({ concurrency: 1 });
    const { sink } = waitingFor();
    const calls = [failure(broker.stream(ask('limited'), sink, never())), failure(broker.stream(ask('limited'), sink, never()))];
    await turn();
    await broker.close();
    expect((await Promise.all(calls)).map(({ code }) => code)).toEqual(['SHUTTING_DOWN', 'SHUTTING_DOWN']);
  });

  test('whose sink throws when it hears of the queue has nobody waiting there', async () => {
    const { clock, broker } = open({ concurrency: 1, queue: 1 });
    const thrown = new Error('the log is fenced');
    const sink = createCollectingSink({
      queued() {
        throw thrown;
      },
    });
    const first = broker.stream(ask('limited'), createCollectingSink(), never());
    for (let i = 0; i < 3; i++) expect(await broker.stream(ask('limited'), sink, never()).catch((error: unknown) => error)).toBe(thrown);
    await hurry(clock, first);
  });

  test('counts each retry as a request, and retries at once where the minute allows it', async () => {
    const clock = createManualClock();
    const sim = { kind: 'simulated', retries: { max: 2, baseMs: 10, capMs: 10 } } as const;
    const name = 'simulated?tokens=1&ms=1&status=500&times=1';
    const models = { m: { provider: 'sim', name, limits: { requestsPerMinute: 2 } } };
    const broker = createBroker({ providers: { sim }, models, clock, random: seededRandom(SEED) });
    const { queued, sink } = waitingFor();
    const first = broker.stream(ask('m'), sink, never());
    await hurry(clock, first);
    expect([queued, sink.retries.length, clock.now() < 1_001_000]).toEqual([[], 1, true]);
    const second = broker.stream(ask('m'), sink, never());
    await hurry(clock, second);
    expect([queued, clock.now() >= 1_060_000]).toEqual([[0], true]);
  });

  test('has nobody wait for a model that is left alone', async () => {
    const clock = createManualClock();
    const sim = { kind: 'simulated', retries: { max: 0 }, circuit: { failures: 1 }, limits: { concurrency: 1 } } as const;
    const models = { down: { provider: 'sim', name: 'x?status=500' }, slow: { provider: 'sim', name: 'x?tokens=1&ms=5000' } };
    const broker = createBroker({ providers: { sim }, models, clock, random: seededRandom(SEED) });
    const { queued, sink } = waitingFor();
    expect((await failure(broker.stream(ask('down'), sink, never()))).code).toBe('PROVIDER_FAILED');
    const slow = broker.stream(ask('slow'), sink, never());
    expect((await failure(broker.stream(ask('down'), sink, never()))).code).toBe('CIRCUIT_OPEN');
    expect(queued).toEqual([]);
    await hurry(clock, slow);
  });

  test('refuses wrong limits and unknown fallbacks at once', () => {
    expect(() => open({ concurrency: 0 })).toThrow(expect.objectContaining({ code: 'BAD_CONFIG' }));
    const models = { m: { provider: 'sim', fallback: ['nobody'] } };
    const broker = () =>
      createBroker({ providers: { sim: { kind: 'simulated' } }, models, clock: createManualClock(), random: seededRandom(1) });
    expect(broker).toThrow(expect.objectContaining({ code: 'BAD_CONFIG', message: expect.stringContaining('nobody') }));
  });
});
