/** The broker against a provider that replays a folder of streams: the project's own, or the one that `OPENCLAW_RECORDINGS` names. */
import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import { createBroker, type ModelEnd, type ProviderConfig, type Timeouts } from '@openclaw-runtime/model';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { afterAll, expect, test } from 'vitest';
import { startProvider } from '../provider/server.ts';
import { loadRecorded, RECORDINGS, type WireName } from './recorded.ts';

const cases = loadRecorded();
/** One of each wire. */
const firsts = cases.filter(({ wire }, i) => cases.findIndex((other) => other.wire === wire) === i);
/** Of the models `TITLE-hurried`: a busy machine may be slower than they wait. */
const HURRIED: Timeouts = { totalMs: 30_000, firstChunkMs: 2_000, betweenChunksMs: 1_000 };

const provider = await startProvider({ dir: RECORDINGS });
const common = { baseUrl: provider.url, retries: { baseMs: 5, capMs: 20 }, circuit: { failures: 1_000_000 } };
const providers: Readonly<Record<WireName, ProviderConfig>> = {
  'openai-chat': { kind: 'openai', ...common, prefix: 'continue_final_message' },
  anthropic: { kind: 'anthropic', ...common, prefix: 'assistant' },
  'openai-responses': { kind: 'openai', ...common, api: 'responses' },
};
const hurried = Object.entries(providers).map(([wire, config]) => [`${wire}-hurried`, { ...config, timeouts: HURRIED }]);
const broker = createBroker({
  providers: { ...providers, ...Object.fromEntries(hurried) },
  models: Object.fromEntries(
    cases.flatMap(({ title, wire, name }) => [
      [title, { provider: wire, name }],
      [`${title}-hurried`, { provider: `${wire}-hurried`, name }],
    ]),
  ),
  defaultProvider: cases[0]?.wire,
  clock: systemClock,
  random: seededRandom(7),
});

afterAll(async () => {
  await broker.close();
  await provider.close();
});

interface Heard {
  text: string;
  thinking: string;
  retries: string[];
  end?: ModelEnd;
  error?: OpenClawError;
}

async function hear(model: string, prefix = ''): Promise<Heard> {
  const heard: Heard = { text: '', thinking: '', retries: [] };
  const sink = {
    text: (delta: string) => void (heard.text += delta),
    thinking: (delta: string) => void (heard.thinking += delta),
    retry: (error: { readonly code: string }) => void heard.retries.push(error.code),
    queued: () => undefined,
    responding: () => undefined,
    full: () => undefined,
  };
  const request = { model, messages: [{ role: 'user' as const, content: 'Go on.' }], ...(prefix && { prefix }) };
  try {
    heard.end = await broker.stream(request, sink, new AbortController().signal);
  } catch (error) {
    heard.error = OpenClawError.from(error);
  }
  return heard;
}

test('there are streams to test with', () => {
  expect(cases.length).toBeGreaterThan(0);
});

test.each(cases)('$title: text, thinking, tool calls, finish and usage are those of the file', async ({ title, whole }) => {
  const { text, thinking, end } = whole;
  for (const options of ['', '?split=1', '?split=7', '?gap=1&burst=3', '?ttft=20']) {
    expect(await hear(`${title}${options}`)).toEqual({ text, thinking, retries: [], end });
  }
});

test.each(cases)(
  '$title: junk, cut and stall are typed errors, with all that came before',
  async ({ title, lines, half: at, expected }) => {
    const { text, thinking } = expected(lines.slice(0, at));
    for (const [options, code] of [
      [`?junk=${at}`, 'PROVIDER_MALFORMED'],
      [`?cut=${at}`, 'PROVIDER_FAILED'],
      [`-hurried?stall=${at}`, 'PROVIDER_TIMEOUT'],
    ] as const) {
      const heard = await hear(`${title}${options}`);
      expect({ ...heard, error: heard.error?.code }).toEqual({ text, thinking, retries: [], error: code });
    }
  },
);

test.each(cases)('$title: what fails before content is tried again until it works', async ({ title, whole }) => {
  const { text, thinking, end } = whole;
  for (const [options, code] of [
    ['status=429&retry=0', 'PROVIDER_RATE_LIMITED'],
    ['status=500', 'PROVIDER_FAILED'],
    ['status=503&retry=0.05', 'PROVIDER_FAILED'],
    ['cut=0', 'PROVIDER_FAILED'],
  ] as const) {
    expect(await hear(`${title}?${options}&times=2`)).toEqual({ text, thinking, retries: [code, code], end });
  }
});

test.each(cases)('$title: it goes on from a prefix to the same text, where it can', async ({ title, whole: { text } }) => {
  if (!broker.info(title).capabilities.prefix) return;
  for (const share of [0.25, 0.5, 0.9]) {
    const prefix = wholeCharacters(text, Math.floor(text.length * share));
    if (prefix === '') continue;
    expect(prefix + (await hear(title, prefix)).text).toBe(text);
  }
});

test.each(firsts)('$title: a status that stays, and a refusal', async ({ title }) => {
  expect(await hear(`${title}?status=503`)).toMatchObject({ error: { code: 'PROVIDER_FAILED' }, retries: { length: 4 } });
  expect(await hear(`${title}?status=529`)).toMatchObject({ error: { code: 'PROVIDER_FAILED' }, retries: { length: 4 } });
  expect(await hear(`${title}?status=401`)).toMatchObject({ error: { code: 'PROVIDER_REFUSED' }, retries: [] });
});

test('a model that the provider does not have', async () => {
  const unknown = await hear('no-such-model');
  expect(unknown.error?.code).toBe('NOT_FOUND');
  expect(unknown.error?.message).toContain('no-such-model');
});

/** UTF-8 has no half of a surrogate pair. */
function wholeCharacters(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}
