import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { type AiSdkConfig, findPackage, type Leveled, type ProviderConfig } from '../src/index.ts';
import { LEVELS } from '../src/levels/control.ts';
import { ask, brokerOf, never } from './fixtures/brokers.ts';
import { type Body, startRecorder } from './fixtures/recorder.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const recorder = await startRecorder();
const folder = mkdtempSync(join(tmpdir(), 'levels-'));
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await recorder[Symbol.asyncDispose]();
});

interface Told {
  readonly body: Body;
  readonly leveled: readonly Leveled[];
}

/** What goes over the wire at levels 1 to 4, and what is said of it. */
async function told(config: ProviderConfig, model: string): Promise<readonly Told[]> {
  const broker = brokerOf(config);
  const all: Told[] = [];
  for (const level of LEVELS) {
    const leveled: Leveled[] = [];
    await broker.stream({ ...ask(model), level }, createCollectingSink({ leveled: (each) => leveled.push(each) }), never());
    all.push({ body: recorder.bodies.at(-1) as Body, leveled });
  }
  await broker.close();
  return all;
}

const warnings = (all: readonly Told[]) => all.map(({ leveled }) => leveled.find(({ warning }) => warning !== undefined)?.warning);
const installed = (name: string, options: object): AiSdkConfig => ({
  kind: 'ai-sdk',
  package: name,
  folder: ROOT,
  options: { apiKey: 'k', ...options },
});

describe('packages as they are, by their own doStream', () => {
  test('@ai-sdk/google makes of the words what Gemini has', async () => {
    const google = installed('@ai-sdk/google', { baseURL: `${recorder.url}/v1beta` });
    const thinking = (all: readonly Told[]) => all.map(({ body }) => (body['generationConfig'] as Body)['thinkingConfig']);
    const three = await told(google, 'gemini-3-flash-preview');
    expect(thinking(three)).toEqual(['minimal', 'low', 'medium', 'high'].map((thinkingLevel) => ({ thinkingLevel })));
    expect(warnings(three)).toEqual([undefined, undefined, undefined, undefined]);
    const two = await told(google, 'gemini-2.5-flash');
    expect(thinking(two)).toEqual([0, 6_554, 19_661, 24_576].map((thinkingBudget) => ({ thinkingBudget })));
  });

  test('ollama-ai-provider-v2 knows on and off, and says so', async () => {
    const all = await told(installed('ollama-ai-provider-v2', { baseURL: `${recorder.url}/api` }), 'qwen3');
    expect(all.map(({ body }) => body['think'])).toEqual([false, true, true, true]);
    expect(warnings(all)).toEqual([undefined, ...[2, 3, 4].map(() => expect.stringContaining('on/off thinking'))]);
  });

  test.skipIf(findPackage('@ai-sdk/gateway', ROOT) === undefined)('@ai-sdk/gateway passes the words on', async () => {
    const all = await told(installed('@ai-sdk/gateway', { baseURL: recorder.url }), 'any/model');
    expect(all.map(({ body }) => body['reasoning'])).toEqual(['none', 'low', 'medium', 'xhigh']);
    expect(all.map(({ leveled }) => leveled)).toEqual(
      ['none', 'low', 'medium', 'xhigh'].map((reasoning, i) => [{ wanted: i + 1, sent: JSON.stringify({ reasoning }) }]),
    );
  });

  test('with the kind gemini, what the configuration has besides stays, and what contradicts goes', async () => {
    const thinkingConfig = { includeThoughts: true, thinkingBudget: 99 };
    const all = await told({ kind: 'gemini', baseUrl: recorder.url, providerOptions: { google: { thinkingConfig } } }, 'gemini-3-flash');
    expect(all.map(({ body }) => (body['generationConfig'] as Body)['thinkingConfig'])).toEqual(
      ['minimal', 'low', 'medium', 'high'].map((thinkingLevel) => ({ includeThoughts: true, thinkingLevel })),
    );
  });
});

describe('packages that do not pass a level on', () => {
  /** A package whose body and warnings are made by this code of `options`. */
  function faulty(name: string, body: string, warned = '[]'): AiSdkConfig {
    writeFileSync(
      join(folder, `${name}.mjs`),
      `export const createProvider = ({ fetch, url }) => ({ languageModel: (modelId) => ({
        specificationVersion: 'v4', provider: '${name}', modelId, supportedUrls: {},
        async doStream(options) {
          const body = JSON.stringify({ modelId, messages: options.prompt, tools: [{ reasoning: 1 }], ...(${body}) });
          await fetch(url, { method: 'POST', body, signal: options.abortSignal });
          return { stream: new ReadableStream({ start(c) {
            c.enqueue({ type: 'stream-start', warnings: ${warned} });
            c.enqueue({ type: 'finish', finishReason: { unified: 'stop', raw: 'stop' }, usage: { inputTokens: {}, outputTokens: {} } });
            c.close();
          } }) };
        },
      }) });`,
    );
    return { kind: 'ai-sdk', package: `./${name}.mjs`, folder, options: { url: `${recorder.url}/v1/chat/completions` } };
  }

  test('one that ignores it in silence is found out by the body it sends', async () => {
    const all = await told(faulty('silent', '{}'), 'm');
    expect(warnings(all)).toEqual(LEVELS.map(() => expect.stringMatching(/"\.\/silent\.mjs" put nothing into the request/)));
    expect(all.map(({ leveled }) => leveled.at(-1)?.sent)).toEqual(LEVELS.map(() => undefined));
  });

  test('one that drops only the words it does not know is found out for these', async () => {
    const known = `['none', 'low', 'medium', 'high'].includes(options.reasoning) ? { inner: { reasoningEffort: options.reasoning } } : {}`;
    expect(warnings(await told(faulty('choosy', known), 'm'))).toEqual([
      undefined,
      undefined,
      undefined,
      expect.stringContaining('put nothing'),
    ]);
  });

  test('one that says what it cannot do is passed on, once', async () => {
    const says = `[{ type: 'compatibility', feature: 'reasoning' }, { type: 'unsupported', feature: 'reasoning', details: 'not with m' }]`;
    const all = await told(faulty('honest', '{ effort: options.reasoning }', says), 'm');
    expect(all.map(({ leveled }) => leveled.length)).toEqual([2, 2, 2, 2]);
    expect(warnings(all)).toEqual(LEVELS.map(() => expect.stringContaining('not with m')));
  });

  test('one that made the nearest word of it is right', async () => {
    const says = `[{ type: 'compatibility', feature: 'reasoning', details: 'mapped' }]`;
    expect(warnings(await told(faulty('near', `{ effort: 'high' }`, says), 'm'))).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('OpenRouter’s takes an option of its own', async () => {
    const own = 'options.providerOptions.openrouter ?? {}';
    const config = { ...faulty('openrouter', own), providerOptions: { openrouter: { transforms: ['x'] } } };
    const all = await told(config, 'm');
    expect(all.map(({ body }) => [body['reasoning'], body['transforms']])).toEqual(
      ['none', 'low', 'medium', 'xhigh'].map((effort) => [{ effort }, ['x']]),
    );
    expect(warnings(all)).toEqual([undefined, undefined, undefined, undefined]);
  });
});
