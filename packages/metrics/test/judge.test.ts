import { describe, expect, test } from 'vitest';
import { type AlertState, createJudge } from '../src/judge/judge.ts';
import { quantileOf } from '../src/judge/quantile.ts';
import { createSeries, type HouseSeries } from '../src/series/house-series.ts';

const known = { agents: ['default'], models: ['m'], codes: [] };
const thresholds = { latencyP99Ms: 500, errorRate: 0.01, threadPoolUtilization: 0.9 };

function rig(windowMs: number, forMs: number) {
  const series = createSeries(known, [thresholds.latencyP99Ms / 1000]);
  const heard: string[] = [];
  const judge = createJudge(series, { thresholds, windowMs, forMs }, ({ alert, phase }: AlertState) => heard.push(`${alert} ${phase}`));
  let nowMs = 0;
  let epochMs = 1_000_000;
  return {
    /** Somebody sets the clock on the wall. */
    setWall: (byMs: number) => void (epochMs += byMs),
    series,
    judge,
    heard,
    /** A second goes by; what is done in it is seen at its end. */
    second(deed: (series: HouseSeries) => void = () => undefined, busy = 0): readonly string[] {
      deed(series);
      nowMs += 1_000;
      judge.look({ nowMs, wallMs: epochMs + nowMs, busy });
      return judge.states.filter(({ phase }) => phase !== 'resolved').map(({ alert, phase }) => `${alert} ${phase}`);
    },
    value: (alert: string) => judge.states.find((state) => state.alert === alert)?.value,
  };
}

const answers = (quick: number, slow: number) => (series: HouseSeries) => {
  for (let i = 0; i < quick; i++) series.latency.observe(0.1);
  for (let i = 0; i < slow; i++) series.latency.observe(0.6);
};

const ends =
  (completed: number, failed: number, cancelled = 0) =>
  (series: HouseSeries) => {
    series.runs.add(series.runs.at('default', 'completed'), completed);
    series.runs.add(series.runs.at('default', 'failed'), failed);
    series.runs.add(series.runs.at('default', 'cancelled'), cancelled);
  };

describe('the three thresholds', () => {
  test('latency fires when more than one request in a hundred is slower, and not before', () => {
    const { second } = rig(10_000, 0);
    expect(second()).toEqual([]);
    expect(second(answers(199, 1))).toEqual([]);
    expect(second(answers(98, 2))).toEqual([]);
    expect(second(answers(0, 1))).toEqual(['latencyP99 firing']);
  });

  test('errors fire at their rate; what somebody cancelled is none', () => {
    const { second, value } = rig(10_000, 0);
    second();
    expect(second(ends(990, 9, 1))).toEqual([]);
    expect(second(ends(0, 1))).toEqual([]);
    expect(second(ends(0, 1))).toEqual(['errorRate firing']);
    expect(value('errorRate')).toBeCloseTo(11 / 1_002);
  });

  test('threads fire at their part', () => {
    const { second } = rig(3_000, 0);
    for (let i = 0; i < 10; i++) expect(second(undefined, 0.8)).toEqual([]);
    second(undefined, 1);
    second(undefined, 1);
    expect(second(undefined, 0.9)).toEqual(['threadPoolUtilization firing']);
  });

  test('a threshold of 0 does not fire over nothing', () => {
    const series = createSeries(known);
    const judge = createJudge(
      series,
      { thresholds: { latencyP99Ms: 0, errorRate: 0, threadPoolUtilization: 0 }, windowMs: 1_000, forMs: 0 },
      () => undefined,
    );
    judge.look({ nowMs: 1, wallMs: 1, busy: 0 });
    expect(judge.states.every(({ phase }) => phase === 'resolved')).toBe(true);
  });
});

test('an alert waits for its time, is told once, and is resolved when the window has passed', () => {
  const { second, heard, series } = rig(5_000, 2_000);
  second();
  expect(second(ends(0, 5))).toEqual(['errorRate pending']);
  expect(second()).toEqual(['errorRate pending']);
  expect(heard).toEqual([]);
  expect(second()).toEqual(['errorRate firing']);
  expect(series.alerts.values[series.alerts.at('errorRate')]).toBe(1);
  expect(second()).toEqual(['errorRate firing']);
  for (let i = 0; i < 5; i++) second(ends(10, 0));
  expect(second(ends(10, 0))).toEqual([]);
  expect(series.alerts.values[series.alerts.at('errorRate')]).toBe(0);
  expect(heard).toEqual(['errorRate firing', 'errorRate resolved']);
});

test('an alert waits for its time whatever the clock on the wall says', () => {
  const { second, setWall } = rig(10_000, 3_000);
  second();
  expect(second(ends(0, 5))).toEqual(['errorRate pending']);
  setWall(3_600_000);
  expect(second()).toEqual(['errorRate pending']);
  setWall(-7_200_000);
  expect(second()).toEqual(['errorRate pending']);
  expect(second()).toEqual(['errorRate firing']);
});

test('of a long past not each second is kept, and it is judged as well', () => {
  const { second, value } = rig(5_000_000, 0);
  for (let i = 0; i < 10_000; i++) second(ends(i < 4_999 ? 0 : 3, 1), i < 4_999 ? 1 : 0.5);
  expect(value('errorRate')).toBeCloseTo(0.25, 2);
  expect(value('threadPoolUtilization')).toBeCloseTo(0.5, 2);
});

test('what goes over only for a moment is never told', () => {
  const { second, heard } = rig(1_000, 5_000);
  second();
  second(ends(0, 1));
  for (let i = 0; i < 10; i++) second(ends(10, 0));
  expect(heard).toEqual([]);
});

test('quantiles are those of Prometheus', () => {
  const bounds = Float64Array.of(1, 2, 4);
  expect(quantileOf(0.5, bounds, Float64Array.of(0, 0, 0, 0))).toBe(0);
  expect(quantileOf(0.5, bounds, Float64Array.of(2, 2, 0, 0))).toBe(1);
  expect(quantileOf(0.75, bounds, Float64Array.of(2, 2, 0, 0))).toBe(1.5);
  expect(quantileOf(0.99, bounds, Float64Array.of(0, 0, 0, 9))).toBe(4);
});

describe('what outlives a process', () => {
  test('an alert that fired goes on firing until there was time to see that it is resolved', () => {
    const { judge, second, heard } = rig(10_000, 2_000);
    judge.restore([{ alert: 'errorRate', sinceMs: 77 }]);
    expect(judge.states.find(({ alert }) => alert === 'errorRate')).toMatchObject({ phase: 'firing', sinceMs: 77 });
    expect(second()).toEqual(['errorRate firing']);
    expect(second()).toEqual(['errorRate firing']);
    expect(second()).toEqual(['errorRate firing']);
    expect(second()).toEqual([]);
    expect(heard).toEqual(['errorRate resolved']);
  });

  test('one that has every reason to fire is not told again', () => {
    const { judge, second, heard } = rig(10_000, 2_000);
    judge.restore([{ alert: 'errorRate', sinceMs: 77 }]);
    second();
    for (let i = 0; i < 5; i++) expect(second(ends(1, 1))).toEqual(['errorRate firing']);
    expect(heard).toEqual([]);
  });

  test('a threshold that is another one is gone by from the next look on', () => {
    const { judge, second } = rig(10_000, 0);
    second();
    expect(second(ends(9, 1))).toEqual(['errorRate firing']);
    judge.change({ ...thresholds, errorRate: 0.5 });
    expect(second()).toEqual([]);
    expect(judge.states.find(({ alert }) => alert === 'errorRate')?.threshold).toBe(0.5);
  });
});
