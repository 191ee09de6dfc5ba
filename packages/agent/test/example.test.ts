import { expect, test } from 'vitest';
import { type Ask, decodeState, encodeState } from '../src/index.ts';
import librarian from './fixtures/librarian.ts';
import { createManualClock } from './fixtures/manual-clock.ts';
import { facts, openThread } from './fixtures/thread.ts';

const USAGE = { inputTokens: 0, outputTokens: 0, reasoningTokens: 0, cachedTokens: 0 };

/** A run that answers whatever the operation asks. */
function answerTo(ask: Ask): unknown {
  switch (ask.do) {
    case 'generate':
    case 'stream':
      return { text: `[${ask.call.messages.at(-1)?.content}]`, toolCalls: [], finish: 'stop', usage: USAGE };
    case 'person':
      return { allowed: true };
    default:
      return undefined;
  }
}

async function runFrom(job: object): Promise<{ readonly asks: readonly Ask[]; readonly value: unknown }> {
  using thread = await openThread(librarian, createManualClock());
  await thread.operate({ operation: 'digest', args: encodeState({ chapters: ['one', 'two'] }), ...job });
  for (let n = 1; thread.end() === undefined; n++) {
    const ask = thread.asks()[n - 1];
    if (ask === undefined) throw new Error('the operation waits for nothing');
    await thread.answer(n, encodeState(answerTo(ask)));
  }
  const end = thread.end();
  return { asks: thread.asks(), value: end?.t === 'done' ? decodeState(end.value ?? '') : end };
}

test('the example of the documentation does what it says, and goes on from any checkpoint', async () => {
  const whole = await runFrom({});
  expect(whole.asks.map(({ do: what }) => what)).toEqual([
    'done',
    'generate',
    'emit',
    'checkpoint',
    'done',
    'generate',
    'emit',
    'checkpoint',
    'person',
    'stream',
  ]);
  expect(whole.value).toHaveLength(3);
  const states = whole.asks.flatMap((ask) => (ask.do === 'checkpoint' ? [{ version: ask.version, value: ask.state }] : []));
  for (const state of states) expect((await runFrom({ state })).value).toEqual(whole.value);
});

test('its tool is told to models as JSON Schema', async () => {
  using thread = await openThread(librarian, createManualClock());
  await thread.call({ kind: 'tool', tool: 'look_up', arguments: '{"most":2}', key: 'k', run: facts, secrets: { books: 'x' } });
  expect(thread.ups()[0]).toMatchObject({ card: { tools: [{ name: 'look_up', parameters: { required: ['word'] }, secrets: ['books'] }] } });
  expect(thread.end()).toMatchObject({ error: { code: 'TOOL_FAILED', message: expect.stringContaining('at word') } });
});
