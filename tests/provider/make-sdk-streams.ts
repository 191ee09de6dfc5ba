/** Writes the project's own streams in the shapes of Gemini and Ollama: `node tests/provider/make-sdk-streams.ts`. The output is checked in. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

type Json = Record<string, unknown>;

/** What one shape of stream needs to say: deltas, calls, and its end. */
interface Shape {
  text(piece: string): Json;
  thinking(piece: string): Json;
  calls(calls: readonly Call[]): Json;
  end(reason: 'stop' | 'length'): Json;
}

interface Call {
  readonly id: string;
  readonly name: string;
  readonly args: Json;
}

const gemini: Shape = {
  text: (text) => candidate({ content: { parts: [{ text }], role: 'model' } }),
  thinking: (text) => candidate({ content: { parts: [{ text, thought: true }], role: 'model' } }),
  calls: (calls) => candidate({ content: { parts: calls.map((functionCall) => ({ functionCall })), role: 'model' } }),
  end: (reason) => ({
    ...candidate({ content: { parts: [{ text: '' }], role: 'model' }, finishReason: { stop: 'STOP', length: 'MAX_TOKENS' }[reason] }),
    usageMetadata: {
      promptTokenCount: 21,
      candidatesTokenCount: 40,
      thoughtsTokenCount: 24,
      cachedContentTokenCount: 8,
      totalTokenCount: 85,
    },
  }),
};

const ollama: Shape = {
  text: (content) => chat({ content }),
  thinking: (thinking) => chat({ content: '', thinking }),
  calls: (calls) =>
    chat({ content: '', tool_calls: calls.map(({ id, name, args }, index) => ({ id, function: { index, name, arguments: args } })) }),
  end: (reason) => ({
    ...chat({ content: '' }),
    done: true,
    done_reason: reason,
    total_duration: 4_000_000,
    load_duration: 1_000_000,
    prompt_eval_count: 21,
    prompt_eval_duration: 1_000_000,
    eval_count: 64,
    eval_duration: 2_000_000,
  }),
};

const PROMISE =
  'A promise that is written down can be kept by somebody else. Whoever comes later reads what was said, goes on from where it stopped, and ' +
  'nobody who listens can tell that the speaker has changed. What was heard once is not said again.';
const LETTERS = Array.from('Grüße aus Łódź — ');
const WORDS = ['日本語', 'のテキスト', '、', '한국어', ' 텍스트', '، ', 'نص ', 'عربي ', '🦊', '🦊🦊', ' e\u0301', 'a\u030a', ' \u0301'];
const SIGNS = [
  '👩\u200d👩\u200d👧',
  ' 🇨🇭',
  '👨',
  '\u200d',
  '🚀',
  ' 🇯',
  '🇵',
  ' 𝔘𝔫𝔦',
  '𝔠𝔬𝔡𝔢',
  ' ',
  '\u202e',
  'abc',
  '\u202c',
  '\u0000',
  '\ufeff',
  '"\\\n\t',
];

const CALLS: readonly Call[] = [
  { id: 'call_weather_1', name: 'weather', args: { place: 'Zürich', unit: 'celsius', days: 3 } },
  { id: 'call_clock_2', name: 'clock', args: { zone: 'Asia/Tokyo', note: 'say "now"' } },
];

for (const [name, shape] of Object.entries({ gemini, ollama })) {
  const said = (sentence: string): readonly Json[] => pieces(sentence).map((piece) => shape.text(piece));
  const thought = (sentence: string): readonly Json[] => pieces(sentence).map((piece) => shape.thinking(piece));
  write(`${name}.text`, [...said(PROMISE), shape.end('stop')]);
  write(`${name}.unicode`, [...[...LETTERS, ...WORDS, ...SIGNS].map((piece) => shape.text(piece)), shape.end('stop')]);
  write(`${name}.thinking`, [
    ...thought('Three weeks are asked for. A week has seven days, so there are three times seven of them.'),
    ...said('Three weeks have **21 days**: seven for each week, counted three times over.'),
    shape.end('stop'),
  ]);
  write(`${name}.tool-call`, [
    ...said('Two places are asked for, so there will be two calls.'),
    shape.calls(CALLS.slice(0, 1)),
    shape.calls(CALLS.slice(1)),
    shape.end('stop'),
  ]);
  write(`${name}.length`, [
    ...said('This answer was allowed only so many tokens, and it ends where nobody would end, in the middle of'),
    shape.end('length'),
  ]);
}

function write(name: string, chunks: readonly Json[]): void {
  const file = fileURLToPath(new URL(`./streams/${name}.jsonl`, import.meta.url));
  writeFileSync(file, `${chunks.map((chunk) => JSON.stringify(chunk)).join('\n')}\n`);
  console.log(`${name}: ${chunks.length} chunks`);
}

/** A word with the space before it, as tokens mostly come. */
function pieces(sentence: string): readonly string[] {
  return sentence.match(/ ?[^ ]+/g) ?? [];
}

function candidate(fields: Json): Json {
  return { candidates: [{ ...fields, index: 0 }], modelVersion: 'own-1', responseId: 'response-own' };
}

function chat(message: Json): Json {
  return { model: 'own-1', created_at: '2026-01-01T00:00:00.000000000Z', message: { role: 'assistant', ...message }, done: false };
}
