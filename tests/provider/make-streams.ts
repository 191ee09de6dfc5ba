/** Writes the project's own streams of chat completions: `node tests/provider/make-streams.ts`. The output is checked in; run it again after a change here. */
import { argumentPieces, type Json, pieces, writeStream } from './write-stream.ts';

const USAGE = { prompt_tokens: 21, completion_tokens: 64, total_tokens: 85 };

write('text', [
  role(),
  ...pieces(
    'A log is a promise in writing. What was appended first can be read again by anyone, from any place, at any time. So a reader ' +
      'that lost its connection asks for what follows the last thing it saw, and a second reader sees the very same words. Nothing is ' +
      'sent that was not written, and nothing that was written is changed.',
  ).map((piece) => text(piece)),
  finish('stop', { usage: { ...USAGE, prompt_tokens_details: { cached_tokens: 8 } } }),
]);

write('reasoning', [
  role({ content: null, reasoning_content: '' }),
  ...pieces('The question is how many days there are in three weeks. A week has seven days, and three times seven is twenty-one.').map(
    (piece) => thinking(piece),
  ),
  ...pieces('Three weeks have **21 days**: seven for each week, counted three times over.').map((piece) =>
    text(piece, { reasoning_content: null }),
  ),
  finish('stop', { usage: { ...USAGE, completion_tokens_details: { reasoning_tokens: 24 } } }),
]);

/** As some providers call the field of thinking. */
write('reasoning-short-field', [
  role(),
  ...pieces('Rivers first, then towns; a list is enough here, no table.').map((piece) => delta({ reasoning: piece })),
  ...pieces('Along the river lie, from its spring to the sea: Alder, Birch, Cress and Dill.').map((piece) => text(piece)),
  finish('stop', { usage: USAGE }),
]);

write('tool-call', [
  role({ content: null }),
  ...pieces('Two places are asked for, so there will be two calls.').map((piece) => thinking(piece)),
  toolCall(0, { id: 'call_weather_1', type: 'function', function: { name: 'weather', arguments: '' } }),
  ...argumentPieces('{"place": "Zürich", "unit": "celsius", "days": 3}').map((piece) => toolCall(0, { function: { arguments: piece } })),
  toolCall(1, { id: 'call_clock_2', type: 'function', function: { name: 'clock', arguments: '' } }),
  ...argumentPieces('{"zone": "Asia/Tokyo", "note": "say \\"now\\""}').map((piece) => toolCall(1, { function: { arguments: piece } })),
  finish('tool_calls', { usage: USAGE }),
]);

/** A call whose finish reason says only `stop`, as some providers send it. */
write('tool-call-stop', [
  role(),
  ...pieces('Let me look that up in the register before I answer your question about it.').map((piece) => text(piece)),
  toolCall(0, { id: 'call_lookup', type: 'function', function: { name: 'lookup', arguments: '{"key":' } }),
  ...argumentPieces('"register/7"}').map((piece) => toolCall(0, { function: { arguments: piece } })),
  finish('stop', { usage: USAGE }),
]);

write('unicode', [
  role(),
  ...Array.from('Grüße aus Łódź — ').map((piece) => text(piece)),
  ...[
    '日本語',
    'のテキスト',
    '、',
    '한국어',
    ' 텍스트',
    '، ',
    'نص ',
    'عربي ',
    '🦊',
    '🦊🦊',
    ' e\u0301',
    'a\u030a',
    ' \u0301',
    '👩\u200d👩\u200d👧',
    ' 🇨🇭',
  ].map((piece) => text(piece)),
  // A family and a flag whose parts come in different deltas: each delta is whole characters, what one sees is not.
  ...['👨', '\u200d', '🚀', ' 🇯', '🇵', ' 𝔘𝔫𝔦', '𝔠𝔬𝔡𝔢', ' ', '\u202e', 'abc', '\u202c', '\u0000', '\ufeff', '"\\\n\t'].map((piece) =>
    text(piece),
  ),
  finish('stop', { usage: USAGE }),
]);

write('usage-last', [
  role(),
  ...pieces('The count of tokens comes after the end, in a chunk of its own that has no choices at all, as the option asks for it.').map(
    (piece) => text(piece),
  ),
  finish('stop'),
  {
    ...head(),
    choices: [],
    usage: { ...USAGE, prompt_tokens_details: { cached_tokens: 16 }, completion_tokens_details: { reasoning_tokens: 0 } },
  },
]);

write('length', [
  role(),
  ...pieces(
    'This answer was allowed only so many tokens, and so it ends where nobody would end a sentence, namely right in the middle of',
  ).map((piece) => text(piece)),
  finish('length', { usage: USAGE }),
]);

function write(name: string, chunks: readonly Json[]): void {
  writeStream('openai-chat', name, chunks);
}

function head(): Json {
  return { id: 'chatcmpl-own', object: 'chat.completion.chunk', created: 1_750_000_000, model: 'own-1' };
}

function delta(content: Json): Json {
  return { ...head(), choices: [{ index: 0, delta: content, finish_reason: null }] };
}

function role(more: Json = { content: '' }): Json {
  return delta({ role: 'assistant', ...more });
}

function text(content: string, more: Json = {}): Json {
  return delta({ content, ...more });
}

function thinking(reasoning: string): Json {
  return delta({ content: null, reasoning_content: reasoning });
}

function toolCall(index: number, call: Json): Json {
  return delta({ tool_calls: [{ index, ...call }] });
}

function finish(reason: string, more: Json = {}): Json {
  return { ...head(), choices: [{ index: 0, delta: {}, finish_reason: reason }], ...more };
}
