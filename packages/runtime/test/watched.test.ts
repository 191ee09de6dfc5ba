import { systemClock } from '@openclaw-runtime/kit';
import type { ModelBroker, ModelSink } from '@openclaw-runtime/model';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import { Health } from '../src/health/health.ts';
import { TIER_RULES } from '../src/health/rules.ts';
import { ThreadWatch } from '../src/health/thread-watch.ts';
import { watchBroker } from '../src/health/watched-broker.ts';
import { said } from './house.ts';

const failed = new OpenClawError('PROVIDER_FAILED', 'broke off');
const silent: ModelSink = {
  text: () => undefined,
  thinking: () => undefined,
  retry: () => undefined,
  queued: () => undefined,
  responding: () => undefined,
  full: () => undefined,
};

describe('a model', () => {
  /** Calls one after the other, of which each does `deed`; what was noted of the model then. */
  async function readingAfter(calls: number, deed: (sink: ModelSink) => void) {
    const health = new Health(systemClock, TIER_RULES);
    const capabilities = { prefix: false, attach: false, tools: true, reasoning: [] };
    const broker: ModelBroker = {
      info: (name) => ({ name, provider: 'test', simulated: true, capabilities, fallbacks: [] }),
      list: () => [],
      close: () => Promise.resolve(),
      async stream(_request, sink) {
        deed(sink);
        return said;
      },
    };
    const watched = watchBroker(broker, health, systemClock);
    for (let i = 0; i < calls; i++)
      await watched.stream({ model: 'm', messages: [] }, silent, new AbortController().signal).catch(() => undefined);
    return { ...health.list()[0]?.reading, tier: health.tierOf('model', 'm') };
  }

  test('fails once in a call, however often that is tried: what one run asks says little of the others', async () => {
    const stubborn = (sink: ModelSink): void => {
      for (let tries = 0; tries < 5; tries++) sink.retry(failed.toBody(), 1);
      throw failed;
    };
    expect(await readingAfter(5, stubborn)).toMatchObject({ calls: 5, failures: 5, tier: 1 });
    expect(await readingAfter(8, stubborn)).toMatchObject({ calls: 8, failures: 8, tier: 3 });
  });

  test('that fails and is asked again has failed, and has answered', async () => {
    expect(await readingAfter(1, (sink) => sink.retry(failed.toBody(), 1))).toMatchObject({ calls: 2, failures: 1 });
  });

  test('is not to be relied on while its circuit is open', async () => {
    const open = (): void => {
      throw new OpenClawError('CIRCUIT_OPEN', 'not asked');
    };
    expect(await readingAfter(8, open)).toMatchObject({ failures: 8, tier: 3 });
  });

  test.each(['NOT_FOUND', 'PROVIDER_REFUSED', 'RATE_LIMITED', 'BUDGET_EXHAUSTED'] as const)('is not to blame for %s', async (code) => {
    const refuse = (): void => {
      throw new OpenClawError(code, 'no');
    };
    expect(await readingAfter(20, refuse)).toEqual({ tier: 0 });
  });
});

describe('threads', () => {
  /** `calls` share a thread that goes down; the first is to blame if `code` is not of none. */
  function healthAfter(losses: number, calls: number, code: 'AGENT_CRASHED' | 'THREAD_LOST'): Health {
    const health = new Health(systemClock, TIER_RULES);
    const lost: Record<string, number> = {};
    const watch = new ThreadWatch({ status: { threads: 1, active: 1, calls: 0, queued: 0, lost } }, health);
    for (let i = 0; i < losses; i++) {
      lost[code] = (lost[code] ?? 0) + 1;
      for (let n = 0; n < calls; n++) {
        watch.ended(
          n === 0 ? 'culprit' : 'neighbour',
          new AbortController().signal,
          new OpenClawError(n === 0 ? code : 'THREAD_LOST', 'gone'),
        );
      }
    }
    return health;
  }

  test('are not lost as often as calls that one of them carried: an agent that crashes is that agent’s', () => {
    const health = healthAfter(1, 64, 'AGENT_CRASHED');
    expect(health.list().map(({ of, name, tier }) => ({ of, name, tier }))).toEqual([{ of: 'agent', name: 'culprit', tier: 2 }]);
  });

  test('are lost once for each that nobody is to blame for', () => {
    expect(healthAfter(1, 64, 'THREAD_LOST').list()).toMatchObject([{ of: 'host', tier: 2, reading: { restarts: 1 } }]);
    expect(healthAfter(5, 3, 'THREAD_LOST').tierOf('host', 'threads')).toBe(3);
  });
});
