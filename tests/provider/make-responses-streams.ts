/** Writes the project's own streams of the Responses API: `node tests/provider/make-responses-streams.ts`. The output is checked in. */
import { argumentPieces, type Json, pieces, writeStream } from './write-stream.ts';

const USAGE = {
  input_tokens: 23,
  input_tokens_details: { cached_tokens: 6 },
  output_tokens: 70,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 93,
};

write('text', USAGE, [
  ...message(
    0,
    'Whoever asks twice should get one answer. The first question begins it, and the second one finds it by its name, wherever it has got to, and reads ' +
      'it from the start. So nothing is paid for twice, and nobody has to compare two answers that were never the same.',
  ),
]);

write('reasoning', { ...USAGE, output_tokens_details: { reasoning_tokens: 31 } }, [
  ...reasoning(0, [
    '**Counting the days** The month has thirty days, and the first is a Tuesday.',
    '**Finding the last** Twenty-eight days later it is a Tuesday again, so the thirtieth is a Wednesday.',
  ]),
  ...message(1, 'The month ends on a **Wednesday**, since the twenty-ninth falls on the weekday of the first. 🗓️ Zwölf von zwölf.'),
]);

write('tool-call', USAGE, [
  ...message(0, 'Both places have a weather of their own, so I ask for each of them.'),
  ...call(1, 'call_weather_1', 'weather', '{"place": "Zürich", "unit": "celsius", "days": 3}'),
  ...call(2, 'call_clock_2', 'clock', '{"zone": "Asia/Tokyo", "note": "say \\"now\\""}'),
]);

write(
  'length',
  USAGE,
  [...message(0, 'This one was told how much it may say at most, and reached that when it was about to')],
  'max_output_tokens',
);

function write(name: string, usage: Json, events: readonly Json[], incomplete?: string): void {
  const all = [
    { type: 'response.created', response: response('in_progress') },
    { type: 'response.in_progress', response: response('in_progress') },
    ...events,
    incomplete === undefined
      ? { type: 'response.completed', response: { ...response('completed'), usage } }
      : { type: 'response.incomplete', response: { ...response('incomplete'), incomplete_details: { reason: incomplete }, usage } },
  ];
  writeStream(
    'openai-responses',
    name,
    all.map((event, i) => ({ ...event, sequence_number: i })),
  );
}

function response(status: string): Json {
  return {
    id: 'resp_own',
    object: 'response',
    created_at: 1_750_000_000,
    status,
    background: true,
    error: null,
    incomplete_details: null,
    model: 'own-1',
  };
}

function message(index: number, text: string): readonly Json[] {
  const at = { item_id: `msg_${index}`, output_index: index, content_index: 0 };
  const item = { id: `msg_${index}`, type: 'message', role: 'assistant' };
  const part = { type: 'output_text', annotations: [], text };
  return [
    { type: 'response.output_item.added', output_index: index, item: { ...item, status: 'in_progress', content: [] } },
    { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
    ...pieces(text).map((delta) => ({ type: 'response.output_text.delta', ...at, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...at, text },
    { type: 'response.content_part.done', ...at, part },
    { type: 'response.output_item.done', output_index: index, item: { ...item, status: 'completed', content: [part] } },
  ];
}

function reasoning(index: number, parts: readonly string[]): readonly Json[] {
  const item = { id: `rs_${index}`, type: 'reasoning' };
  return [
    { type: 'response.output_item.added', output_index: index, item: { ...item, summary: [] } },
    ...parts.flatMap((text, i) => {
      const at = { item_id: `rs_${index}`, output_index: index, summary_index: i };
      return [
        { type: 'response.reasoning_summary_part.added', ...at, part: { type: 'summary_text', text: '' } },
        ...pieces(text).map((delta) => ({ type: 'response.reasoning_summary_text.delta', ...at, delta })),
        { type: 'response.reasoning_summary_text.done', ...at, text },
        { type: 'response.reasoning_summary_part.done', ...at, part: { type: 'summary_text', text } },
      ];
    }),
    {
      type: 'response.output_item.done',
      output_index: index,
      item: { ...item, summary: parts.map((text) => ({ type: 'summary_text', text })) },
    },
  ];
}

function call(index: number, id: string, name: string, json: string): readonly Json[] {
  const at = { item_id: `fc_${index}`, output_index: index };
  const item = { id: `fc_${index}`, type: 'function_call', call_id: id, name };
  return [
    { type: 'response.output_item.added', output_index: index, item: { ...item, status: 'in_progress', arguments: '' } },
    ...argumentPieces(json).map((delta) => ({ type: 'response.function_call_arguments.delta', ...at, delta })),
    { type: 'response.function_call_arguments.done', ...at, arguments: json },
    { type: 'response.output_item.done', output_index: index, item: { ...item, status: 'completed', arguments: json } },
  ];
}
