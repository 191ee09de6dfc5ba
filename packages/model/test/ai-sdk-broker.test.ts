import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { GEMINI } from '../../../tests/provider/gemini.ts';
import { OLLAMA } from '../../../tests/provider/ollama.ts';
import { loadSdkStreams, type SdkProvider, startSdkProvider } from '../../../tests/provider/sdk-server.ts';
import { type AiSdkConfig, createBroker, findPackage, type ModelBroker, type ProviderConfig } from '../src/index.ts';
import { ask, failure, never, SEED } from './fixtures/brokers.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

function brokerOf(main: ProviderConfig): ModelBroker {
  const retries = { max: 0, baseMs: 1, capMs: 2 };
  const providers = { main: { retries, ...main } };
  const broker = createBroker({ providers, models: {}, defaultProvider: 'main', clock: systemClock, random: seededRandom(SEED) });
  open.push({ [Symbol.asyncDispose]: () => broker.close() });
  return broker;
}

const SHAPES = { gemini: GEMINI, ollama: OLLAMA };

async function serve(kind: 'gemini' | 'ollama', streams = loadSdkStreams(kind)): Promise<SdkProvider> {
  const provider = await startSdkProvider(SHAPES[kind], streams);
  open.push(provider);
  return provider;
}

async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((resolve) => setImmediate(resolve));
}

describe.each(['gemini', 'ollama'] as const)('%s', (kind) => {
  test('calls share a bounded pool, and sockets are used again', async () => {
    const provider = await serve(kind);
    const broker = brokerOf({ kind, baseUrl: provider.url, connections: 2 });
    const calls = Array.from({ length: 6 }, async () => {
      const sink = createCollectingSink();
      await broker.stream(ask('text?gap=1&burst=9'), sink, never());
      return sink.deltas.join('');
    });
    const [first, ...others] = await Promise.all(calls);
    expect(first?.startsWith('A promise')).toBe(true);
    expect(new Set(others)).toEqual(new Set([first]));
    expect(provider.connections()).toBe(2);
  });

  test('cancelling closes the socket, and so does closing the broker', async () => {
    const provider = await serve(kind);
    const broker = brokerOf({ kind, baseUrl: provider.url });
    const stop = new AbortController();
    const sinks = [createCollectingSink(), createCollectingSink()];
    const cancelled = failure(broker.stream(ask('text?gap=5'), sinks[0]!, stop.signal).catch((reason: unknown) => Promise.reject(reason)));
    const closed = failure(broker.stream(ask('text?stall=3'), sinks[1]!, never()));
    await Promise.all(sinks.map((sink) => sink.reached(2)));
    const { OpenClawError } = await import('@openclaw-runtime/protocol');
    const reason = new OpenClawError('CANCELLED', 'enough');
    stop.abort(reason);
    expect(await cancelled).toBe(reason);
    await until(() => provider.aborted() === 1);
    await broker.close();
    expect(await closed).toMatchObject({ code: 'SHUTTING_DOWN' });
    await until(() => provider.aborted() === 2);
  });

  test('a sink that is full stops the provider', async () => {
    const [line = '', ...others] = loadSdkStreams(kind).get('text') ?? [];
    const many = [...Array.from({ length: 20_000 }, () => line.replace(/"A"/, `"${'x'.repeat(4_096)}"`)), ...others.slice(-1)];
    const provider = await serve(kind, new Map([['flood', many]]));
    const broker = brokerOf({ kind, baseUrl: provider.url });
    const room = Promise.withResolvers<void>();
    let full: Promise<void> | undefined;
    const sink = createCollectingSink({ full: () => full });
    const text = sink.text.bind(sink);
    const counting = {
      ...sink,
      text(delta: string) {
        text(delta);
        if (sink.deltas.length === 5) full = room.promise;
      },
    };
    const end = broker.stream(ask('flood'), counting, never());
    await sink.reached(5);
    // Until nothing more fits into the sockets' buffers.
    let before = -1;
    while (provider.chunks() !== before) {
      before = provider.chunks();
      await new Promise((resolve) => systemClock.after(100, () => resolve(undefined)));
    }
    expect(provider.chunks()).toBeLessThan(10_000);
    expect(sink.deltas.length).toBe(5);
    full = undefined;
    room.resolve();
    expect(await end).toMatchObject({ finish: 'stop' });
    expect(sink.deltas.length).toBe(20_000);
  });

  test('the key goes where it belongs, changes when it changes, and shows nowhere', async () => {
    const provider = await serve(kind);
    let key = 'sk-one';
    const broker = brokerOf({ kind, baseUrl: provider.url, apiKey: () => key, headers: { 'x-team': 'blue-team' } });
    for (key of ['sk-one', 'sk-two']) await broker.stream(ask('text'), createCollectingSink(), never());
    const name = kind === 'gemini' ? 'x-goog-api-key' : 'authorization';
    expect(provider.requests().map(({ headers }) => headers[name])).toEqual(
      [1, 2].map((n) => `${kind === 'gemini' ? '' : 'Bearer '}sk-${['one', 'two'][n - 1]}`),
    );
    expect(provider.requests()[0]?.headers).toMatchObject({ 'x-team': 'blue-team' });
    const error = await failure(broker.stream(ask('sk-two'), createCollectingSink(), never()));
    expect(error).toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining("model '[secret]' not found") });
  });

  test('nobody there, or a page for people, is a typed failure', async () => {
    const gone = await startSdkProvider(SHAPES[kind], new Map());
    await gone.close();
    const nobody = brokerOf({ kind, baseUrl: gone.url });
    expect(await failure(nobody.stream(ask('text'), createCollectingSink(), never()))).toMatchObject({
      code: 'PROVIDER_FAILED',
      message: expect.stringContaining(`could not be reached at ${gone.url}: connect ECONNREFUSED`),
    });
    const page = await startSdkProvider({ ...SHAPES[kind], contentType: 'text/html' }, loadSdkStreams(kind));
    open.push(page);
    expect(await failure(brokerOf({ kind, baseUrl: page.url }).stream(ask('text'), createCollectingSink(), never()))).toMatchObject({
      code: 'PROVIDER_MALFORMED',
      message: expect.stringContaining('baseUrl'),
    });
  });
});

test('an error in the middle of Ollama’s lines is typed, with all that came before it', async () => {
  const lines = loadSdkStreams('ollama').get('text') ?? [];
  const provider = await serve('ollama', new Map([['text', [...lines.slice(0, 3), '{"error":"out of memory"}', ...lines.slice(3)]]]));
  const sink = createCollectingSink();
  const error = await failure(brokerOf({ kind: 'ollama', baseUrl: provider.url }).stream(ask('text'), sink, never()));
  expect(error).toMatchObject({ code: 'PROVIDER_FAILED', message: expect.stringContaining('out of memory') });
  expect(sink.deltas).toEqual(['A', ' promise', ' that']);
});

describe('any package of the AI SDK', () => {
  const folder = mkdtempSync(join(tmpdir(), 'claw-packages-'));
  const write = (name: string, manifest: object, source: string): void => {
    mkdirSync(join(folder, 'node_modules', name), { recursive: true });
    writeFileSync(join(folder, 'node_modules', name, 'package.json'), JSON.stringify({ name, version: '1.0.0', ...manifest }));
    writeFileSync(join(folder, 'node_modules', name, 'index.js'), source);
  };
  /** A provider that says what it was made of. */
  const echo = (version: string): string => `
    export function createEcho({ fetch, ...settings }) {
      return { languageModel: (modelId) => ({
        specificationVersion: '${version}', provider: 'echo', modelId, supportedUrls: {},
        async doStream({ prompt }) {
          const said = JSON.stringify({ modelId, settings, asked: prompt.at(-1).content[0].text, fetches: typeof fetch });
          return { stream: ReadableStream.from([
            { type: 'text-delta', id: '0', delta: said },
            { type: 'finish', finishReason: { unified: 'stop', raw: 'stop' }, usage: { inputTokens: { total: 1 }, outputTokens: { total: 2 } } },
          ]) };
        },
      }) };
    }
    export const VERSION = '1';`;

  beforeAll(() => {
    write('@own/echo', { type: 'module', exports: { '.': { types: './index.d.ts', import: './index.js' } } }, echo('v4'));
    write('@own/old', { type: 'module', main: './index.js' }, echo('v2'));
    write('@own/common', { main: 'index.js' }, 'exports.createCommon = () => (modelId) => ({ specificationVersion: "v4", modelId });');
    write(
      '@own/both',
      { type: 'module', exports: './index.js' },
      'export const createA = () => 1; export const createB = () => 2; export const other = 3;',
    );
    write('@own/broken', { type: 'module', exports: './index.js' }, 'throw new Error("no such luck");');
    writeFileSync(join(folder, 'mine.mjs'), echo('v4'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const hear = async (config: Partial<AiSdkConfig>): Promise<unknown> => {
    const sink = createCollectingSink();
    const broker = brokerOf({ kind: 'ai-sdk', package: '@own/echo', folder, ...config });
    const end = await broker.stream(ask('big?x=1'), sink, never());
    return { ...(JSON.parse(sink.deltas.join('')) as object), usage: end.usage };
  };

  test('is found from the folder of the configuration, and told options, key, secrets and headers', async () => {
    const secrets = { secretAccessKey: () => 'aws-secret' };
    const options = { region: 'zh', headers: { a: '1' } };
    expect(await hear({ options, secrets, apiKey: () => 'sk-1', headers: { b: '2' } })).toEqual({
      modelId: 'big?x=1',
      asked: 'hello',
      fetches: 'function',
      settings: { region: 'zh', apiKey: 'sk-1', secretAccessKey: 'aws-secret', headers: { a: '1', b: '2' } },
      usage: { inputTokens: 1, outputTokens: 2, reasoningTokens: 0, cachedTokens: 0 },
    });
    expect(await hear({ package: './mine.mjs', export: 'createEcho' })).toMatchObject({ modelId: 'big?x=1' });
  });

  test.each<[what: string, config: Partial<AiSdkConfig>, says: string]>([
    [
      'is not installed',
      { package: '@own/none' },
      'there is no package "@own/none". In the folder of the configuration file, run: npm install @own/none',
    ],
    ['is no file', { package: './none.mjs' }, 'there is no package "./none.mjs". Paths start at the folder of the configuration file.'],
    ['cannot be loaded', { package: '@own/broken' }, '"@own/broken" cannot be loaded: no such luck'],
    ['is of another version', { package: '@own/old' }, 'specification "v2", and v4 is needed. Run: npm install @own/old@latest'],
    ['has several functions', { package: '@own/both' }, 'has several functions createX. It has: createA, createB.'],
    ['has none of that name', { package: '@own/echo', export: 'createEco' }, 'has no function "createEco". It has: createEcho.'],
    ['makes something else', { package: '@own/common' }, '"@own/common" makes no language models'],
  ])('that %s is a clear error', async (_what, config, says) => {
    const error = await failure(hear(config));
    expect(error).toMatchObject({ code: 'BAD_CONFIG', message: expect.stringContaining(says) });
    expect(error.message).not.toContain(folder);
  });

  test('can be installed while the broker runs', async () => {
    const broker = brokerOf({ kind: 'ai-sdk', package: '@own/later', folder });
    expect(await failure(broker.stream(ask('m'), createCollectingSink(), never()))).toMatchObject({ code: 'BAD_CONFIG' });
    write('@own/later', { type: 'module', exports: './index.js' }, echo('v4'));
    expect(findPackage('@own/later', folder)).toBe(join(folder, 'node_modules/@own/later/index.js'));
    expect(await broker.stream(ask('m'), createCollectingSink(), never())).toMatchObject({ finish: 'stop' });
  });
});
