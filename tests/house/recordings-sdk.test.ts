/** The whole house, a `claw up` in a process of its own, against providers that speak as Gemini and Ollama do and are asked through the AI SDK. */
import { OpenClawClient } from 'openclaw-runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GEMINI } from '../provider/gemini.ts';
import { OLLAMA } from '../provider/ollama.ts';
import { loadSdkStreams, startSdkProvider } from '../provider/sdk-server.ts';
import { type Claw, startClaw } from './claw.ts';
import { expectedOfGemini } from './expected/gemini.ts';
import type { Expected } from './expected/meaning.ts';
import { expectedOfOllama } from './expected/ollama.ts';
import { makeFolder } from './folder.ts';
import { ask, type Heard, kinds } from './listen.ts';

const KINDS = { gemini: { dialect: GEMINI, expected: expectedOfGemini }, ollama: { dialect: OLLAMA, expected: expectedOfOllama } };

const servers = await Promise.all(
  Object.entries(KINDS).map(async ([kind, { dialect, expected }]) => {
    return { kind, expected, provider: await startSdkProvider(dialect, loadSdkStreams(kind)) };
  }),
);
const cases = servers.flatMap(({ kind, expected, provider }) =>
  [...provider.streams].map(([name, lines]) => {
    return { title: `${kind}.${name}`, kind, name, lines, expected, whole: expected(lines), half: Math.floor(lines.length / 2) };
  }),
);

const folder = makeFolder();
const client = new OpenClawClient({ reconnectDelay: 100 });
let claw: Claw;

beforeAll(async () => {
  claw = await startClaw({ data: folder.in('data'), config: configuration() });
  await client.connect(claw.url);
});

afterAll(async () => {
  client.close();
  await claw?.stop('SIGKILL');
  await Promise.all(servers.map(({ provider }) => provider.close()));
  folder[Symbol.dispose]();
});

/** Each model twice: as it is, and of a provider that is waited for (`TITLE-slowly`). */
function configuration(): object {
  const timeouts = { totalMs: '30s', firstChunkMs: '1s', betweenChunksMs: '300ms' };
  const providers = servers.flatMap(({ kind, provider }) => {
    const common = { kind, baseUrl: provider.url, retries: { max: 2, baseMs: '5ms', capMs: '20ms' }, circuit: { failures: 1_000_000 } };
    return [
      [kind, { ...common, timeouts }],
      [`${kind}-patient`, common],
    ];
  });
  const models = cases.flatMap(({ title, kind, name }) => [
    [title, { provider: kind, name }],
    [`${title}-slowly`, { provider: `${kind}-patient`, name }],
  ]);
  const strangers = servers.map(({ kind }) => [`stranger-${kind}`, { provider: kind, name: 'no-such-model' }]);
  return {
    providers: Object.fromEntries(providers),
    models: Object.fromEntries([...models, ...strangers]),
    // What is made to fail all the time is to stream all the same.
    tiers: { enabled: false },
  };
}

const hear = (model: string): Promise<Heard> => ask(client, { input: 'Go on.', model, tokenInterval: 0 });

function expectWhole({ text, thinking, toolCalls, result }: Heard, whole: Expected): void {
  expect({ text, thinking, toolCalls }).toEqual({ text: whole.text, thinking: whole.thinking, toolCalls: whole.end.toolCalls });
  expect(result).toMatchObject({ status: 'completed', reason: whole.end.finish, usage: whole.end.usage });
}

/** The end after a fault that strikes every time: the error itself where nothing had been said, else the one that recovery was given up with. */
function expectTyped(heard: Heard, code: string, { text, thinking }: Expected): void {
  expect({ text: heard.text, thinking: heard.thinking }).toEqual({ text, thinking });
  const { status, error } = heard.result;
  expect(status).toBe(text + thinking === '' && code === 'PROVIDER_TIMEOUT' ? 'timed_out' : 'failed');
  expect(error?.code).toBe(text + thinking === '' ? code : 'NO_PROGRESS');
  expect(`${error?.code} ${error?.message}`).toContain(code);
}

test('there are streams to test with', () => {
  expect(cases.length).toBe(10);
});

describe.each(cases)('$title', ({ title, lines, whole, half, expected }) => {
  const nothing = expected([]);
  const before = expected(lines.slice(0, half));

  test.each(['', '?split=1', '?split=7', '?gap=1&burst=3', '?ttft=20'])(
    'the client gets what is in the file, byte for byte: %s',
    async (options) => expectWhole(await hear(`${title}-slowly${options}`), whole),
  );

  test('junk in the stream is a typed error, with all that came before', async () => {
    const [first, later] = await Promise.all([hear(`${title}-slowly?junk=0`), hear(`${title}-slowly?junk=${half}`)]);
    expectTyped(first, 'PROVIDER_MALFORMED', nothing);
    expectTyped(later, 'PROVIDER_MALFORMED', before);
  });

  test('a cut is healed by asking again, silently while the answer is the same', async () => {
    const heard = await hear(`${title}-slowly?cut=${half}&times=1`);
    expectWhole(heard, whole);
    expect(kinds(heard).filter((kind) => kind === 'step.started')).toHaveLength(1);
    expect(kinds(heard)).toContain('step.retried');
  });

  test('a cut that comes each time ends in a typed state', async () => {
    expectTyped(await hear(`${title}-slowly?cut=${half}`), 'PROVIDER_FAILED', before);
  });

  test('a silent provider is a time-out, and asked again', async () => {
    const [never, once, always] = await Promise.all([
      hear(`${title}?stall=0`),
      hear(`${title}?stall=${half}&times=1`),
      hear(`${title}?stall=${half}&drip=50`),
    ]);
    expectTyped(never, 'PROVIDER_TIMEOUT', nothing);
    expectWhole(once, whole);
    expectTyped(always, 'PROVIDER_TIMEOUT', before);
  });

  test.each([
    [429, 'PROVIDER_RATE_LIMITED'],
    [500, 'PROVIDER_FAILED'],
    [503, 'PROVIDER_FAILED'],
  ] as const)('status %i is tried again, and a typed failure when it stays', async (status, code) => {
    const [healed, stays] = await Promise.all([
      hear(`${title}-slowly?status=${status}&retry=0&times=2`),
      hear(`${title}-slowly?status=${status}`),
    ]);
    expectWhole(healed, whole);
    expect(healed.records.flatMap((record) => (record.kind === 'step.retried' ? [record.data.error.code] : []))).toEqual([code, code]);
    expectTyped(stays, code, nothing);
  });
});

describe.each(servers)('$kind', ({ kind, provider }) => {
  const [{ title, whole }] = cases.filter((each) => each.kind === kind) as [(typeof cases)[number]];

  test('Retry-After is waited for', async () => {
    const started = performance.now();
    expectWhole(await hear(`${title}-slowly?status=503&retry=1&times=2`), whole);
    expect(performance.now() - started).toBeGreaterThanOrEqual(2_000);
  });

  test('a model that it does not have is a clear error', async () => {
    const { result } = await hear(`stranger-${kind}`);
    expect(result).toMatchObject({ status: 'failed', error: { code: 'NOT_FOUND', message: expect.stringContaining('no-such-model') } });
  });

  test('cancelling a run closes the socket', async () => {
    const before = provider.aborted();
    const run = client.run({ input: 'Go on.', model: `${title}-slowly?gap=200`, tokenInterval: 0 });
    for await (const item of run) if (item.kind === 'text') break;
    await run.cancel();
    expect((await run.result()).status).toBe('cancelled');
    while (provider.aborted() === before) await new Promise((resolve) => setImmediate(resolve));
  });
});

test('nothing was complained of', () => {
  expect(claw.complaints()).toBe('');
});
