/** The broker against a provider that replays a folder of streams: the project's own, or the one that `OPENCLAW_RECORDINGS` names. */
import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import { createBroker, type ModelEnd, type Timeouts } from '@openclaw-runtime/model';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { afterAll, expect, test } from 'vitest';
import { startProvider } from '../provider/server.ts';
import { loadStreams, OWN_STREAMS } from '../provider/streams.ts';
import { expectedOf } from './expected.ts';

const streams = loadStreams(process.env['OPENCLAW_RECORDINGS'] ?? OWN_STREAMS);
const cases = [...streams].map(([name, lines]) => ({ name, lines }));
const TIMEOUTS: Timeouts = { totalMs: 30_000, firstChunkMs: 2_000, betweenChunksMs: 200 };

const provider = await startProvider({ streams });
const broker = createBroker({
  providers: {
    replay: {
      kind: 'openai',
      baseUrl: provider.url,
      timeouts: TIMEOUTS,
      retries: { baseMs: 5, capMs: 20 },
      prefix: 'continue_final_message',
    },
  },
  models: {},
  defaultProvider: 'replay',
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

test.each(cases)('$name: text, thinking, tool calls, finish and usage are those of the file', async ({ name, lines }) => {
  const { text, thinking, end } = expectedOf(lines);
  for (const options of ['', '?split=1', '?split=7', '?gap=1&burst=3', '?ttft=20']) {
    expect(await hear(`${name}${options}`)).toEqual({ text, thinking, retries: [], end });
  }
});

test.each(cases)('$name: junk, cut and stall are typed errors, with all that came before', async ({ name, lines }) => {
  const at = Math.floor(lines.length / 2);
  const { text, thinking } = expectedOf(lines.slice(0, at));
  for (const [options, code] of [
    [`junk=${at}`, 'PROVIDER_MALFORMED'],
    [`cut=${at}`, 'PROVIDER_FAILED'],
    [`stall=${at}`, 'PROVIDER_TIMEOUT'],
  ] as const) {
    const heard = await hear(`${name}?${options}`);
    expect({ ...heard, error: heard.error?.code }).toEqual({ text, thinking, retries: [], error: code });
  }
});

test.each(cases)('$name: what fails before content is tried again until it works', async ({ name, lines }) => {
  const { text, thinking, end } = expectedOf(lines);
  for (const [options, code] of [
    ['status=429&retry=0', 'PROVIDER_RATE_LIMITED'],
    ['status=500', 'PROVIDER_FAILED'],
    ['status=503&retry=0.05', 'PROVIDER_FAILED'],
    ['cut=0', 'PROVIDER_FAILED'],
  ] as const) {
    expect(await hear(`${name}?${options}&times=2`)).toEqual({ text, thinking, retries: [code, code], end });
  }
});

test.each(cases)('$name: it goes on from a prefix to the same text', async ({ name, lines }) => {
  const { text } = expectedOf(lines);
  for (const share of [0.25, 0.5, 0.9]) {
    const prefix = wholeCharacters(text, Math.floor(text.length * share));
    if (prefix === '') continue;
    expect(prefix + (await hear(name, prefix)).text).toBe(text);
  }
});

test('a status that stays, a refusal and an unknown model', async () => {
  const name = cases[0]?.name;
  expect(await hear(`${name}?status=503`)).toMatchObject({ error: { code: 'PROVIDER_FAILED' }, retries: { length: 4 } });
  expect(await hear(`${name}?status=401`)).toMatchObject({ error: { code: 'PROVIDER_REFUSED' }, retries: [] });
  const unknown = await hear('no-such-model');
  expect(unknown.error?.code).toBe('NOT_FOUND');
  expect(unknown.error?.message).toContain('no-such-model');
});

/** UTF-8 has no half of a surrogate pair. */
function wholeCharacters(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}
