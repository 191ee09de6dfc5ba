/** Writes the project's own streams of the messages API: `node tests/provider/make-anthropic-streams.ts`. The output is checked in. */
import { argumentPieces, type Json, pieces, writeStream } from './write-stream.ts';

const STORY =
  'A ledger keeps two columns for every deed, and the sum of one is the sum of the other. Who finds a difference has found a mistake, and need not ' +
  'ask anyone what happened: the older of two pages that disagree is right, since nobody writes on a page that is full.';

write('text', [
  start({ input_tokens: 19, cache_creation_input_tokens: 4, cache_read_input_tokens: 8, output_tokens: 1 }),
  block(0, { type: 'text', text: '' }),
  { type: 'ping' },
  ...pieces(STORY).map((piece) => text(0, piece)),
  ...end(0, 'end_turn', { output_tokens: 61 }),
]);

write('unicode', [
  start(),
  block(0, { type: 'text', text: '' }),
  ...[
    'Grüße',
    ' aus ',
    'Łódź',
    ' — ',
    '日本語',
    'のテキスト',
    '、',
    '한국어',
    ' نص ',
    'عربي ',
    '🦊',
    '🦊🦊',
    ' e\u0301',
    ' 👩\u200d👩\u200d👧',
  ].map((piece) => text(0, piece)),
  // White space of all kinds at the end of pieces: an answer cannot be continued from it as it is.
  ...[
    '\n',
    '\n\n',
    '  ',
    '\u00a0',
    'ab\t',
    '\r\n',
    'cd ',
    '\u2003',
    '👨',
    '\u200d',
    '🚀',
    ' 🇯',
    '🇵',
    ' \u0000',
    '"\\\n',
    '\t',
    'Ende.',
  ].map((piece) => text(0, piece)),
  ...end(0, 'end_turn', { output_tokens: 44 }),
]);

write('thinking', [
  start(),
  block(0, { type: 'thinking', thinking: '', signature: '' }),
  { type: 'ping' },
  ...pieces('Four boxes hold six eggs each. Four times six is twenty-four, and two are broken, so twenty-two remain.').map((piece) =>
    delta(0, { type: 'thinking_delta', thinking: piece }),
  ),
  delta(0, { type: 'signature_delta', signature: 'b3duLXNpZ25hdHVyZQ==' }),
  { type: 'content_block_stop', index: 0 },
  block(1, { type: 'text', text: '' }),
  ...pieces('There are **22 whole eggs**: four boxes of six make twenty-four, less the two that broke.').map((piece) => text(1, piece)),
  ...end(1, 'end_turn', { output_tokens: 57, output_tokens_details: { thinking_tokens: 29 } }),
]);

write('tool-use', [
  start(),
  block(0, { type: 'text', text: '' }),
  ...pieces('For that I look at the weather in both places, and then at the clock.').map((piece) => text(0, piece)),
  { type: 'content_block_stop', index: 0 },
  ...call(1, 'toolu_weather_1', 'weather', '{"place": "Zürich", "unit": "celsius", "days": 3}'),
  ...call(2, 'toolu_weather_2', 'weather', '{"place": "São Paulo", "note": "say \\"now\\""}'),
  block(3, { type: 'tool_use', id: 'toolu_clock_3', name: 'clock', input: {} }),
  delta(3, { type: 'input_json_delta', partial_json: '' }),
  ...end(3, 'tool_use', { output_tokens: 88 }),
]);

write('length', [
  start(),
  block(0, { type: 'text', text: '' }),
  ...pieces(
    'Only so many tokens were allowed for this answer, and therefore it does not come to its proper end but stops right before',
  ).map((piece) => text(0, piece)),
  ...end(0, 'max_tokens', { output_tokens: 24 }),
]);

function write(name: string, events: readonly Json[]): void {
  writeStream('anthropic', name, events);
}

function start(usage: Json = { input_tokens: 21, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 1 }): Json {
  const message = {
    id: 'msg_own',
    type: 'message',
    role: 'assistant',
    model: 'own-1',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  };
  return { type: 'message_start', message };
}

function block(index: number, content_block: Json): Json {
  return { type: 'content_block_start', index, content_block };
}

function delta(index: number, delta: Json): Json {
  return { type: 'content_block_delta', index, delta };
}

function text(index: number, piece: string): Json {
  return delta(index, { type: 'text_delta', text: piece });
}

function call(index: number, id: string, name: string, json: string): readonly Json[] {
  const begin = block(index, { type: 'tool_use', id, name, input: {} });
  const parts = ['', ...argumentPieces(json)].map((piece) => delta(index, { type: 'input_json_delta', partial_json: piece }));
  return [begin, ...parts, { type: 'content_block_stop', index }];
}

function end(index: number, reason: string, usage: Json): readonly Json[] {
  return [
    { type: 'content_block_stop', index },
    { type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage },
    { type: 'message_stop' },
  ];
}
