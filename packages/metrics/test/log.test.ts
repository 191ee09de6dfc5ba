import { encodeRecord, type Kind, type Payloads, type TokenPrice } from '@openclaw-runtime/protocol';
import { createMemoryStore, type Lease, runKey, type Store } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { HouseMeter } from '../src/log/house-meter.ts';
import { createSeries, type HouseSeries } from '../src/series/house-series.ts';
import { createHandClock, type HandClock } from './clock.ts';

interface Rig {
  readonly series: HouseSeries;
  readonly clock: HandClock;
  readonly store: Store;
  lease(more?: object): Promise<Lease>;
  /** Appends, and waits until it is durable. */
  say<K extends Kind>(lease: Lease, kind: K, data: Payloads[K], deltas?: readonly number[]): Promise<void>;
}

function createRig(priceOf?: (model: string) => TokenPrice | undefined): Rig {
  const clock = createHandClock();
  const series = createSeries({ agents: ['default', 'coder'], models: ['big', 'simulated'], codes: ['PROVIDER_FAILED'] });
  const meter = new HouseMeter({ series, clock, ...(priceOf && { priceOf }) });
  const store = createMemoryStore({ clock, meter });
  let runs = 0;
  let leased: (lease: Lease) => void = () => undefined;
  store.queue.consume('me', 100, { leased: (lease) => leased(lease), command: () => undefined, lost: () => undefined });
  return {
    series,
    clock,
    store,
    lease(more = {}) {
      const taken = new Promise<Lease>((resolve) => {
        leased = resolve;
      });
      const request = { agent: 'default', input: 'an "agent":"coder" and "at":1 in the text', ...more, at: clock.wall(), fingerprint: 'f' };
      void store.runs.create(runKey('t', `run${++runs}`), encodeRecord('run.created', 0, 0, request), 'f');
      return taken;
    },
    async say(lease, kind, data, deltas) {
      lease.append([encodeRecord(kind, kind === 'run.finished' ? 0 : 1, 1, data, deltas)], 'disk', kind === 'run.finished');
      await lease.settled();
    },
  };
}

const usage = { inputTokens: 100, outputTokens: 20, reasoningTokens: 5, cachedTokens: 40 };

describe('a run', () => {
  test('from its request to its end', async () => {
    const { series, clock, lease, say } = createRig();
    const run = await lease();
    clock.move(200);
    await say(run, 'step.started', { model: 'big' });
    clock.move(300);
    await say(run, 'text', 'Hello, "text" and ]], [1,2]');
    clock.move(40);
    await say(run, 'text', 'three parts', [5, 1, 5]);
    await say(run, 'step.ended', { finish: 'stop', usage });
    clock.move(460);
    await say(run, 'run.finished', { status: 'completed', reason: 'stop', usage });
    const { latency, firstToken, tokenGap, runSeconds, runs, streamed, steps, tokens } = series;
    expect(latency.sums[latency.at('default')]).toBeCloseTo(0.5);
    expect(firstToken.sums[firstToken.at('big')]).toBeCloseTo(0.3);
    expect(tokenGap.sums[tokenGap.at('big')]).toBeCloseTo(0.04);
    expect(runSeconds.sums[runSeconds.at('completed')]).toBeCloseTo(1);
    expect(runs.values[runs.at('default', 'completed')]).toBe(1);
    expect(runs.sum).toBe(1);
    expect(streamed.values[streamed.at('big', 'text')]).toBe(4);
    expect(steps.values[steps.at('big', 'stop')]).toBe(1);
    expect(['input', 'output', 'reasoning', 'cached'].map((kind) => tokens.values[tokens.at('big', kind)])).toEqual([100, 20, 5, 40]);
    expect(series.runsStarted.values[series.runsStarted.at('default')]).toBe(1);
    expect(series.queueWait.sums[0]).toBe(0);
  });

  test('operations, and runs that wait for money, have no latency', async () => {
    const { series, clock, lease, say } = createRig();
    const run = await lease({ operation: 'train', args: {} });
    clock.move(60_000);
    await say(run, 'run.finished', { status: 'completed', reason: 'stop', usage });
    const poor = await lease();
    poor.append(['["budget.paused",0,0,{"scope":"run","name":""}]'], 'disk');
    clock.move(60_000);
    await say(poor, 'text', 'at last');
    expect(series.latency.total.reduce((a, b) => a + b)).toBe(0);
    expect(series.runSeconds.sums[series.runSeconds.at('completed')]).toBeCloseTo(60);
  });

  test('several records that become durable together are one delivery', async () => {
    const { series, clock, lease } = createRig();
    const run = await lease();
    run.append([encodeRecord('step.started', 1, 1, { model: 'big' })], 'process');
    clock.move(100);
    run.append([encodeRecord('thinking', 1, 1, 'a'), encodeRecord('text', 1, 1, 'b')], 'process');
    run.append([encodeRecord('text', 1, 1, 'c')], 'process');
    await run.settled();
    expect(series.firstToken.total.reduce((a, b) => a + b)).toBe(1);
    expect(series.tokenGap.total.reduce((a, b) => a + b)).toBe(0);
    expect(series.streamed.values[series.streamed.at('big', 'thinking')]).toBe(1);
    expect(series.streamed.sum).toBe(3);
  });

  test('an error by its word; words that are not known are other', async () => {
    const { series, lease, say } = createRig();
    for (const code of ['PROVIDER_FAILED', 'WHAT_A_WORD'] as const) {
      const error = { code: code as 'PROVIDER_FAILED', message: 'a "code":"x"' };
      await say(await lease({ agent: 'stranger' }), 'run.finished', { status: 'failed', error, usage });
    }
    const { runErrors, runs } = series;
    expect(runErrors.values[runErrors.at('PROVIDER_FAILED')]).toBe(1);
    expect(runErrors.values[runErrors.at('other')]).toBe(1);
    expect(runs.values[runs.at('other', 'failed')]).toBe(2);
  });

  test('what recovery does', async () => {
    const { series, lease, say } = createRig();
    const run = await lease();
    await say(run, 'step.started', { model: 'big' });
    await say(run, 'step.queued', { model: 'big', ahead: 3 });
    await say(run, 'step.retried', { error: { code: 'PROVIDER_FAILED', message: 'no' }, delayMs: 0, model: 'simulated?tokens=3' });
    await say(run, 'step.resumed', { by: 'compare' });
    await say(run, 'step.started', { model: 'simulated?tokens=3', supersedes: 1, keep: 0, keepThinking: 0 });
    await say(run, 'text', 'x');
    const { retries, modelWaits, resumes, supersedes, streamed } = series;
    expect(retries.values[retries.at('big')]).toBe(1);
    expect(modelWaits.values[modelWaits.at('big')]).toBe(1);
    expect(resumes.values[resumes.at('compare')]).toBe(1);
    expect(supersedes.sum).toBe(1);
    expect(streamed.values[streamed.at('simulated', 'text')]).toBe(1);
  });

  test('tools, approvals, states, budgets and levels', async () => {
    const { series, lease, say } = createRig();
    const run = await lease({ agent: 'coder' });
    await say(run, 'level.chosen', { level: 3, model: 'big', why: ['asked for'] });
    await say(run, 'tool.result', { id: '1', name: 'calc', ms: 20, content: 'it says "error":{ and }}' });
    await say(run, 'tool.result', { id: '2', name: 'calc', ms: 40, content: 'no', error: { code: 'PROVIDER_FAILED', message: 'no' } });
    await say(run, 'approval.given', { id: '1', answer: 'deny', command: 'c' });
    await say(run, 'state.saved', { version: 1, state: 'x'.repeat(1_000) });
    run.append(['["budget.paused",1,1,{"scope":"task","name":"n"}]'], 'disk');
    await run.settled();
    const { toolCalls, toolSeconds, approvals, snapshotBytes, budgetRefusals, reasoningLevel } = series;
    expect(toolCalls.values[toolCalls.at('ok')]).toBe(1);
    expect(toolCalls.values[toolCalls.at('error')]).toBe(1);
    expect(toolSeconds.sums[toolSeconds.at('error')]).toBeCloseTo(0.04);
    expect(approvals.values[approvals.at('deny')]).toBe(1);
    expect(snapshotBytes.sums[snapshotBytes.at('agent')]).toBeGreaterThan(1_000);
    expect(budgetRefusals.values[budgetRefusals.at('task')]).toBe(1);
    expect(reasoningLevel.sums[reasoningLevel.at('coder')]).toBe(3);
  });

  test('money, where a price is known', async () => {
    const { series, lease, say } = createRig((model) => (model === 'big' ? { input: 10, output: 50, cachedInput: 1 } : undefined));
    for (const model of ['big', 'simulated']) {
      const run = await lease();
      await say(run, 'step.started', { model });
      await say(run, 'step.ended', { finish: 'stop', usage });
    }
    const { cost } = series;
    expect(cost.values[cost.at('big', 'input')]).toBeCloseTo(60e-5);
    expect(cost.values[cost.at('big', 'output')]).toBeCloseTo(75e-5);
    expect(cost.values[cost.at('big', 'reasoning')]).toBeCloseTo(25e-5);
    expect(cost.values[cost.at('big', 'cached')]).toBeCloseTo(4e-5);
    expect(cost.sum).toBeCloseTo(164e-5);
  });

  test('a fork does not count what was said in the run it comes from', async () => {
    const { series, lease, say } = createRig();
    const run = await lease({ fork: { run: 'another', seq: 4 } });
    run.append([encodeRecord('step.started', 1, 1, { model: 'big' }), encodeRecord('text', 1, 1, 'old')], 'process');
    run.append([encodeRecord('step.ended', 1, 1, { finish: 'stop', usage })], 'process');
    await run.settled();
    expect(series.streamed.sum + series.tokens.sum + series.latency.total.reduce((a, b) => a + b)).toBe(0);
    await say(run, 'text', 'new');
    expect(series.streamed.sum).toBe(1);
    expect(series.latency.total.reduce((a, b) => a + b)).toBe(1);
  });
});

test('commands and commits are counted', async () => {
  const { series, store, lease } = createRig();
  const run = await lease();
  await store.inbox.put(run.key, { id: '1', kind: 'cancel' });
  await store.inbox.put(run.key, { id: '2', kind: 'made up' });
  expect(series.commands.values[series.commands.at('cancel')]).toBe(1);
  expect(series.commands.values[series.commands.at('other')]).toBe(1);
  expect(series.commitSeconds.total.reduce((a, b) => a + b)).toBeGreaterThan(0);
});
