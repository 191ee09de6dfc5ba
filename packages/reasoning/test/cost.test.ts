import { seededRandom } from '@openclaw-runtime/kit';
import {
  type CostEstimator,
  createCostEstimator,
  createTokenCounter,
  type Estimate,
  type Interval,
  LEVELS,
  type Level,
  type Usage,
} from '@openclaw-runtime/reasoning';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const prices = { input: 2, output: 10 };
const AMOUNTS = ['inputTokens', 'outputTokens', 'thinkingTokens', 'money', 'ms'] as const;

/** Runs whose amounts are a lognormal multiple of a model's own typical ones. */
function learned(seed: number, runs: number) {
  const random = seededRandom(seed);
  const estimator = createCostEstimator({ priceOf: () => prices });
  for (let run = 0; run < runs; run += 1) {
    const level = LEVELS[Math.floor(random.float() * 4)] ?? 1;
    estimator.learn({ ...usage(random, level), model: 'm', level, query: 'q '.repeat(Math.floor(random.float() * 400)) });
  }
  return { estimator, random };
}

function usage(random: { float(): number }, level: Level) {
  const noise = (): number => Math.exp(0.6 * Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float()));
  return { inputTokens: 100, outputTokens: 900 * noise(), thinkingTokens: level * 500 * noise(), ms: 4000 * noise() };
}

describe('an estimate', () => {
  it('is a number where one is wanted: its expected money', () => {
    const estimate = createCostEstimator({ priceOf: () => prices }).estimate({ model: 'm', level: 4, query: '寫一個 Rust 編譯器' });
    expect(Number(estimate)).toBe(estimate.money.mean);
    expect((estimate as unknown as number) > 0.001).toBe(true);
    expect(estimate.priced).toBe(true);
    expect(estimate.learnedFrom).toBe(0);
  });

  it('costs nothing, and says so, where no price is known', () => {
    const estimate = createCostEstimator({ priceOf: () => undefined }).estimate({ model: 'm', level: 3, query: 'x' });
    expect([estimate.priced, Number(estimate)]).toEqual([false, 0]);
    expect(estimate.outputTokens.mean).toBeGreaterThan(0);
  });

  it('never falls when the level or the length rises, whatever was learned', () => {
    const { estimator } = learned(3, 200);
    const models = fc.constantFrom('m', 'unknown');
    fc.assert(
      fc.property(
        models,
        fc.nat(2000),
        fc.nat(2000),
        fc.nat(50_000),
        fc.integer({ min: 1, max: 5 }),
        (model, length, more, contextTokens, calls) => {
          const short = estimator.estimateAll({ model, query: 'a b,'.repeat(length), contextTokens, calls });
          const long = estimator.estimateAll({ model, query: 'a b,'.repeat(length + more), contextTokens, calls });
          for (const level of LEVELS) {
            expectNotBelow(long[level], short[level]);
            if (level > 1) expectNotBelow(short[level], short[(level - 1) as Level]);
          }
        },
      ),
    );
  });

  it('never falls with the level where what was learned says otherwise, and holds what was learned all the same', () => {
    fc.assert(
      fc.property(fc.array(usages, { minLength: 1, maxLength: 40 }), fc.option(fc.constant('a'), { nil: undefined }), (all, agent) => {
        const estimator = createCostEstimator({ priceOf: () => prices });
        for (const each of all) estimator.learn({ ...each, model: 'm', query: 'hello' });
        const levels = estimator.estimateAll({ model: 'm', query: 'hello', ...(agent !== undefined && { agent }) });
        const longer = estimator.estimateAll({ model: 'm', query: 'hello there, and more', ...(agent !== undefined && { agent }) });
        for (const level of LEVELS) {
          expectNotBelow(longer[level], levels[level]);
          if (level > 1) expectNotBelow(levels[level], levels[(level - 1) as Level]);
        }
      }),
    );
  });

  it('keeps low, mean and high in order after any runs', () => {
    fc.assert(
      fc.property(fc.array(usages, { maxLength: 60 }), (all) => {
        const estimator = createCostEstimator({ priceOf: () => prices });
        for (const each of all) estimator.learn({ ...each, model: 'm', query: 'hello' });
        for (const level of LEVELS) {
          const estimate = estimator.estimate({ model: 'm', level, query: 'hello' });
          for (const amount of AMOUNTS) {
            const { low, mean, high } = estimate[amount];
            expect(low).toBeGreaterThanOrEqual(0);
            expect(mean).toBeGreaterThanOrEqual(low);
            expect(high).toBeGreaterThanOrEqual(mean);
            expect(Number.isFinite(high)).toBe(true);
          }
        }
      }),
    );
  });

  it('holds four of five later runs in its interval', () => {
    const { estimator, random } = learned(5, 3000);
    const estimate = estimator.estimate({ model: 'm', level: 3, query: 'q '.repeat(200) });
    const inside = Array.from({ length: 1000 }, () => usage(random, 3).outputTokens).filter((tokens) =>
      within(tokens, estimate.outputTokens),
    ).length;
    expect(inside / 1000).toBeGreaterThan(0.68);
    expect(inside / 1000).toBeLessThan(0.92);
  });

  it('is the same after a restart from its state', () => {
    const { estimator } = learned(9, 50);
    const again = createCostEstimator({ priceOf: () => prices, state: JSON.parse(JSON.stringify(estimator.exportState())) });
    const request = { model: 'm', level: 2, query: 'hello there' } as const;
    expect(again.estimate(request).money).toEqual(estimator.estimate(request).money);
  });

  it('keeps a bounded number of models', () => {
    const estimator = createCostEstimator({ priceOf: () => prices });
    for (let model = 0; model < 1000; model += 1) {
      estimator.learn({ model: `m${model}`, level: 2, query: 'x', inputTokens: 1, outputTokens: 1, thinkingTokens: 1, ms: 1 });
    }
    expect(Object.keys(estimator.exportState().rows)).toHaveLength(64);
    expect(JSON.stringify(estimator.exportState()).length).toBeLessThan(100_000);
    expect(estimator.estimate({ model: 'm999', level: 2, query: 'x' }).learnedFrom).toBe(1);
  });
});

/** What runs took, or say they did. */
const usages = fc.record({
  level: fc.constantFrom(...LEVELS),
  agent: fc.constantFrom('a', 'b'),
  inputTokens: fc.double({ min: -1, max: 1e7 }),
  cachedTokens: fc.double({ min: -1, max: 1e7 }),
  outputTokens: fc.double({ min: -1, max: 1e7 }),
  thinkingTokens: fc.double({ min: 0, max: 1e7 }),
  ms: fc.double({ min: 0, max: 1e7 }),
});

describe('what is learned', () => {
  const took = { query: 'hello', inputTokens: 10, outputTokens: 100, thinkingTokens: 0, ms: 2000 };
  const learn = (estimator: CostEstimator, times: number, more: Partial<Usage>) => {
    for (let i = 0; i < times; i++) estimator.learn({ model: 'm', level: 3, ...took, ...more });
  };

  it('of a model that does not think is that it does not', () => {
    const estimator = createCostEstimator({ priceOf: () => prices });
    expect(estimator.estimate({ model: 'm', level: 3, query: 'hello' }).thinkingTokens.mean).toBeGreaterThan(100);
    learn(estimator, 40, {});
    const { thinkingTokens, outputTokens, learnedFrom } = estimator.estimate({ model: 'm', level: 3, query: 'hello' });
    expect(thinkingTokens.mean).toBeLessThan(5);
    expect(within(100, outputTokens)).toBe(true);
    expect(learnedFrom).toBe(40);
  });

  it('of one that thinks at level 1 too says nothing of how much it thinks at others', () => {
    const estimator = createCostEstimator({ priceOf: () => prices });
    learn(estimator, 40, { level: 1, thinkingTokens: 800 });
    expect(within(800, estimator.estimate({ model: 'm', level: 1, query: 'hello' }).thinkingTokens)).toBe(true);
    expect(estimator.estimate({ model: 'm', level: 2, query: 'hello' }).thinkingTokens.mean).toBeLessThan(2000);
  });

  it('of one level is a beginning for the others', () => {
    const estimator = createCostEstimator({ priceOf: () => prices });
    const before = estimator.estimate({ model: 'm', level: 2, query: 'hello' });
    learn(estimator, 100, { outputTokens: 3000 });
    const { outputTokens, learnedFrom } = estimator.estimate({ model: 'm', level: 2, query: 'hello' });
    expect(outputTokens.mean).toBeGreaterThan(5 * before.outputTokens.mean);
    expect(learnedFrom).toBe(0);
  });

  it('of an agent’s runs counts its tools, retries and children, for that agent alone', () => {
    const estimator = createCostEstimator({ priceOf: () => prices });
    learn(estimator, 50, {});
    learn(estimator, 50, { agent: 'crew', inputTokens: 5000, outputTokens: 1200, ms: 60_000 });
    const run = estimator.estimate({ model: 'm', level: 3, query: 'hello', agent: 'crew' });
    expect([within(5000, run.inputTokens), within(1200, run.outputTokens), within(60_000, run.ms)]).toEqual([true, true, true]);
    expect(estimator.estimate({ model: 'm', level: 3, query: 'hello' }).outputTokens.high).toBeLessThan(200);
    expect(estimator.estimate({ model: 'm', level: 3, query: 'hello', agent: 'other' }).outputTokens.high).toBeLessThan(250);
  });

  it('is how much of the input is in a cache, which is cheaper', () => {
    const priceOf = () => ({ input: 10, output: 10, cachedInput: 1 });
    const [cold, warm] = [createCostEstimator({ priceOf }), createCostEstimator({ priceOf })];
    learn(cold, 50, { inputTokens: 10_000, contextTokens: 10_000 });
    learn(warm, 50, { inputTokens: 10_000, contextTokens: 10_000, cachedTokens: 9000 });
    const request = { model: 'm', level: 3, query: 'hello', contextTokens: 10_000 } as const;
    expect(cold.estimate(request).money.mean).toBeCloseTo(0.101, 2);
    expect(warm.estimate(request).money.mean).toBeCloseTo(0.02, 2);
    expect(warm.estimate({ ...request, cachedTokens: 0 }).money.mean).toBeGreaterThan(4 * warm.estimate(request).money.mean);
  });

  it('is nothing where the amounts are none', () => {
    const estimator = createCostEstimator({ priceOf: () => prices });
    const before = JSON.stringify(estimator.exportState());
    for (const wrong of [Number.NaN, -1, Number.POSITIVE_INFINITY]) estimator.learn({ model: 'm', level: 2, ...took, outputTokens: wrong });
    expect(JSON.stringify(estimator.exportState())).toBe(before);
    expect(() => createCostEstimator({ priceOf: () => prices, state: { version: 2 } as never })).toThrow(RangeError);
  });

  it('keeps nine of ten runs below the upper bound after a downgrade', () => {
    const { estimator, random } = learned(11, 2000);
    const query = 'q '.repeat(200);
    const budget =
      (estimator.estimate({ model: 'm', level: 2, query }).money.high + estimator.estimate({ model: 'm', level: 3, query }).money.high) / 2;
    const costs = estimator.estimateAll({ model: 'm', query });
    const fits = LEVELS.findLast((level) => costs[level].money.high <= budget) as Level;
    expect(fits).toBe(2);
    const spent = Array.from({ length: 2000 }, () => usage(random, fits)).map(
      ({ inputTokens, outputTokens, thinkingTokens }) =>
        (inputTokens * prices.input + (outputTokens + thinkingTokens) * prices.output) / 1e6,
    );
    expect(spent.filter((each) => each <= budget).length / spent.length).toBeGreaterThan(0.88);
  });

  it.each([
    ['nothing', ''],
    ['ten million characters', 'word '.repeat(2_000_000)],
    ['bytes', Array.from({ length: 1000 }, (_, i) => String.fromCharCode((i * 7919) % 65_536)).join('')],
    ['emoji', '🐯'.repeat(1000)],
    ['lone surrogates', '\ud800'.repeat(1000)],
  ])('can be forecast of %s', (_, query) => {
    const all = createCostEstimator({ priceOf: () => prices }).estimateAll({ model: 'm', query });
    for (const level of LEVELS) for (const amount of AMOUNTS) expect(Number.isFinite(all[level][amount].high)).toBe(true);
  });
});

/** Tokens of the same sentence in a vocabulary of 200,000 entries. */
const COUNTED: readonly (readonly [string, number, string])[] = [
  [
    'English',
    37,
    'Quantum entanglement is a phenomenon in which the states of two or more particles cannot be described independently, even when they are far apart. Explain the principle and give examples of applications.',
  ],
  [
    'traditional Chinese',
    98,
    '量子糾纏是量子力學中的一種現象,兩個或多個粒子之間的狀態無法各自獨立描述,即使它們相距遙遠。測量其中一個粒子會立即影響另一個粒子的狀態,愛因斯坦稱之為「鬼魅般的超距作用」。請解釋其原理並給出應用案例。',
  ],
  [
    'simplified Chinese',
    57,
    '请编写一个函数,接收一个整数数组,返回其中出现次数最多的元素。如果有多个元素出现次数相同,请返回数值最小的那一个。并且分析这个算法的时间复杂度和空间复杂度,说明如何优化它。',
  ],
  [
    'Japanese',
    79,
    '量子もつれとは、二つ以上の粒子の状態が独立に記述できなくなる量子力学の現象です。一方の粒子を測定すると、遠く離れたもう一方の粒子の状態が即座に決まります。この原理を説明し、応用例を挙げてください。',
  ],
  [
    'Korean',
    63,
    '양자 얽힘은 두 개 이상의 입자가 서로 독립적으로 기술될 수 없는 양자역학의 현상이다. 한 입자를 측정하면 멀리 떨어진 다른 입자의 상태가 즉시 결정된다. 이 원리를 설명하고 응용 사례를 제시하시오.',
  ],
  [
    'Russian',
    48,
    'Квантовая запутанность — это явление, при котором состояния двух или более частиц не могут быть описаны независимо друг от друга, даже если они находятся далеко. Объясни принцип и приведи примеры применения.',
  ],
  [
    'Arabic',
    47,
    'التشابك الكمي ظاهرة لا يمكن فيها وصف حالات جسيمين أو أكثر بشكل مستقل حتى لو كانت المسافة بينهما كبيرة. اشرح المبدأ وأعط أمثلة على التطبيقات العملية في الحوسبة والاتصالات.',
  ],
  [
    'German',
    51,
    'Die Quantenverschränkung ist ein Phänomen, bei dem die Zustände von zwei oder mehr Teilchen nicht unabhängig voneinander beschrieben werden können, auch wenn sie weit voneinander entfernt sind. Erkläre das Prinzip und nenne Anwendungen.',
  ],
];

describe('counting tokens by kinds of characters', () => {
  it.each(COUNTED)('%s is right within 15 %%', (_, tokens, text) => {
    const counted = createTokenCounter().count(text);
    expect(Math.abs(counted / tokens - 1)).toBeLessThan(0.15);
  });

  it('samples a long text', () => {
    const counter = createTokenCounter();
    const once = counter.count('The quick brown fox jumps over 12 lazy dogs. '.repeat(100));
    expect(counter.count('The quick brown fox jumps over 12 lazy dogs. '.repeat(10_000)) / once).toBeCloseTo(100, 0);
    expect(counter.count('')).toBe(0);
  });
});

function within(value: number, { low, high }: Interval): boolean {
  return value >= low && value <= high;
}

function expectNotBelow(larger: Estimate, smaller: Estimate): void {
  for (const amount of AMOUNTS) {
    for (const part of ['low', 'mean', 'high'] as const)
      expect(larger[amount][part]).toBeGreaterThanOrEqual(smaller[amount][part] * (1 - 1e-12));
  }
}
