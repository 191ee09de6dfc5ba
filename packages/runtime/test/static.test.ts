import type { ModelBroker, ModelRequest } from '@openclaw-runtime/model';
import { encodeRecord, NO_USAGE, OpenClawError, type RecordOf, type RunRecord } from '@openclaw-runtime/protocol';
import { runKey } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { TIER_RULES } from '../src/index.ts';
import { leftBehind } from './crash.ts';
import { foldOf, kindsOf, openTestHouse, said, type TestHouse } from './house.ts';

/** It is tried out at the earliest after `holdMs / 3`: what follows a failure here comes sooner, also on a machine that stops for a moment. */
const RULES = { ...TIER_RULES, windowMs: 60_000, holdMs: 2_000, least: 4, recoveries: 2 };
const broke = new OpenClawError('PROVIDER_FAILED', 'broke off');

/** Two models: what `main` says is what the test has it say. */
function models(main: (request: ModelRequest, text: (delta: string) => void) => void) {
  const asked: string[] = [];
  const capabilities = { prefix: false, attach: false, tools: true, reasoning: [] };
  const broker: ModelBroker = {
    info: (name) => ({ name, provider: 'test', simulated: true, capabilities, fallbacks: name === 'main' ? ['spare'] : [] }),
    list: () => [],
    async stream(request, sink) {
      asked.push(request.model);
      if (request.model !== 'main') for (const word of ['spare ', 'words']) sink.text(word);
      else main(request, (delta) => sink.text(delta));
      return said;
    },
    close: () => Promise.resolve(),
  };
  return { broker, asked };
}

const open = (broker: ModelBroker, rules = RULES) =>
  openTestHouse([], { broker, runtime: { tiers: rules, defaultModel: 'main', tokenIntervalMs: 0 }, limits: { noProgressAttempts: 2 } });

const tiersOf = (records: readonly RunRecord[]) =>
  records.filter((record): record is RecordOf<'tier.changed'> => record.kind === 'tier.changed').map(({ data }) => data);

async function say(house: TestHouse, name: string): Promise<readonly RunRecord[]> {
  return house.ended(await house.run(name));
}

describe('static mode', () => {
  test('is entered and left by itself, and no run is lost: another model is asked, its answer comes whole', async () => {
    let isDown = true;
    const { broker, asked } = models((_request, text) => {
      if (isDown) throw broke;
      for (const word of ['main ', 'words']) text(word);
    });
    await using house = await open(broker);
    const changes: number[] = [];
    for (let i = 0; i < 4; i++) expect(foldOf(await say(house, `down ${i}`))).toMatchObject({ outcome: { status: 'completed' } });
    expect(house.runtime.health?.tierOf('model', 'main')).toBe(3);
    changes.push(3);

    const before = asked.length;
    const records = await say(house, 'static');
    expect(asked.slice(before)).toEqual(['spare']);
    expect(kindsOf(records)).toEqual([
      'run.created',
      'tier.changed',
      'step.started',
      'step.retried',
      'text',
      'text',
      'step.ended',
      'run.finished',
    ]);
    expect(tiersOf(records)).toEqual([{ tier: 3, from: 0, of: 'model', name: 'main', why: '4 of the last 4 tries went wrong' }]);
    expect(records.find(({ kind }) => kind === 'step.retried')?.data).toMatchObject({
      model: 'spare',
      delayMs: 0,
      error: { code: 'CIRCUIT_OPEN' },
    });

    isDown = false;
    for (let i = 0; house.runtime.health?.tierOf('model', 'main') !== 0 && i < 2_000; i++) {
      expect(foldOf(await say(house, `up ${i}`))).toMatchObject({ outcome: { status: 'completed' } });
      house.runtime.health?.look();
      const tier = house.runtime.health?.tierOf('model', 'main') ?? 0;
      if (changes.at(-1) !== tier) changes.push(tier);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(changes).toEqual([3, 1, 0]);
    const after = asked.length;
    const fine = await say(house, 'fine');
    expect(asked.slice(after)).toEqual(['main']);
    expect(tiersOf(fine)).toEqual([]);
  });

  test('delivers an answer whole, or nothing of it', async () => {
    let calls = 0;
    const { broker } = models((_request, text) => {
      for (const word of ['one ', 'two ', 'three']) {
        text(word);
        if (++calls === 2) throw broke;
      }
    });
    await using house = await open(broker);
    house.runtime.health?.set('agent', 'default', 3);
    const records = await say(house, 'r');
    expect(foldOf(records).steps[0]?.text).toBe('one two three');
    // What broke off was never seen: no attempt supersedes another.
    expect(records.filter(({ kind }) => kind === 'step.started')).toHaveLength(1);
    expect(kindsOf(records)).toEqual([
      'run.created',
      'tier.changed',
      'step.started',
      'step.retried',
      'step.resumed',
      'text',
      'step.ended',
      'run.finished',
    ]);
    expect(tiersOf(records)[0]).toMatchObject({ tier: 3, of: 'agent', name: 'default', why: 'it was set by hand' });
  });

  test('goes on where an answer broke off, of a model that can and beside which there is no other', async () => {
    const words = ['one ', 'two ', 'three ', 'four ', 'five ', 'six ', 'seven'];
    const { broker } = models(() => undefined);
    const alone: ModelBroker = {
      ...broker,
      info: (name) => ({ ...broker.info(name), fallbacks: [], capabilities: { ...broker.info(name).capabilities, prefix: true } }),
      async stream({ prefix = '' }, sink) {
        const from = prefix === '' ? 0 : prefix.trim().split(' ').length;
        for (const word of words.slice(from, from + 2)) sink.text(word);
        if (from + 2 < words.length) throw broke;
        return said;
      },
    };
    await using house = await open(alone);
    house.runtime.health?.set('model', 'main', 3);
    const records = await say(house, 'r');
    expect(foldOf(records)).toMatchObject({ outcome: { status: 'completed' }, steps: [{ text: words.join('') }] });
    expect(records.filter(({ kind }) => kind === 'step.started')).toHaveLength(1);
  });

  test('asks the model that the house names for it, first', async () => {
    const { broker, asked } = models(() => undefined);
    await using house = await open(broker, { ...RULES, model: 'cheap' });
    house.runtime.health?.set('model', 'main', 3);
    await say(house, 'r');
    expect(asked).toEqual(['cheap']);
  });

  test('asks the model itself where there is no other, and lets an answer without end stream', async () => {
    const { broker, asked } = models(() => undefined);
    const long = 'x'.repeat(4096);
    const alone: ModelBroker = {
      ...broker,
      info: (name) => ({ ...broker.info(name), fallbacks: [] }),
      async stream(request, sink) {
        asked.push(request.model);
        for (let i = 0; i < 300; i++) sink.text(long);
        return { ...said, usage: { ...NO_USAGE, outputTokens: 1 } };
      },
    };
    await using house = await open(alone);
    house.runtime.health?.set('model', 'main', 3);
    const records = await say(house, 'r');
    expect(asked).toEqual(['main']);
    expect(foldOf(records).steps[0]?.text.length).toBe(300 * 4096);
  });
});

describe('a run whose process ended', () => {
  test('says that it was restored, until its next step', async () => {
    const key = runKey('t', 'r');
    const store = await leftBehind(key, [
      encodeRecord('run.created', 0, 0, { agent: 'default', input: 'hi', at: 0, fingerprint: 'r' }),
      encodeRecord('tier.changed', 0, 0, { tier: 3, from: 0, of: 'model', name: 'main', why: 'w' }),
      encodeRecord('step.started', 1, 1, { model: 'main' }),
      encodeRecord('text', 1, 1, 'half'),
    ]);
    const { broker } = models((_request, text) => text('half done'));
    await using house = await openTestHouse([], { broker, store, runtime: { tiers: RULES, defaultModel: 'main' } });
    const records = await house.ended(key);
    expect(tiersOf(records).slice(1)).toEqual([{ tier: 2, from: 3, of: 'run', why: 'Its process ended. It goes on behind record 4.' }]);
    expect(foldOf(records)).toMatchObject({ outcome: { status: 'completed' }, steps: [{ text: 'half done' }] });
  });
});
