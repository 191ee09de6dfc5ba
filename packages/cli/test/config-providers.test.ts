import { inspect } from 'node:util';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import type { Config } from '../src/config/config.ts';
import { type Found, ollamaAddress } from '../src/config/found.ts';
import { resolveConfig } from '../src/config/resolve.ts';

interface World {
  readonly yaml?: string;
  readonly env?: Record<string, string>;
  readonly found?: Found;
}

function resolved({ yaml, env = {}, found = {} }: World): Config {
  const readFile = (path: string) => (path === '/home/etc/openclaw.yaml' ? yaml : undefined);
  return resolveConfig(
    {},
    { env: { OPENCLAW_CONFIG: yaml === undefined ? '' : 'etc/openclaw.yaml', ...env }, cwd: '/home', readFile },
    found,
  );
}

function problem(yaml: string): string {
  try {
    resolved({ yaml });
  } catch (error) {
    if (error instanceof OpenClawError && error.code === 'BAD_CONFIG') return error.message;
    throw error;
  }
  throw new Error('The configuration was accepted.');
}

describe('every kind of provider', () => {
  const yaml = `
providers:
  answers: {kind: openai, baseUrl: http://a, api: responses, background: false, limits: {concurrency: 4, queue: 0}}
  claude: {kind: anthropic, apiKey: sk-1, prefix: assistant, maxTokens: 4096}
  google: {kind: gemini, baseUrl: http://g, apiKey: sk-2, connections: 8, providerOptions: {google: {thinkingConfig: {includeThoughts: true}}}}
  local: {kind: ollama, reasoning: prompt, timeouts: {firstChunkMs: 5m}}
  groq:
    kind: ai-sdk
    package: "@ai-sdk/groq"
    export: createGroq
    options: {region: zh, deep: [{a: 1}]}
    secrets: {secretAccessKey: secret://env/AWS}
  sim: {kind: simulated, limits: {requestsPerMinute: 60, tokensPerMinute: 1000}}
models:
  a: {provider: answers, fallback: [b, "sim?tokens=3"], limits: {concurrency: 1}}
  b: {provider: claude, reasoning: adaptive, fallback: [a]}
`;
  const config = resolved({ yaml, env: { AWS: 'aws-1' } });

  test('is read, and what was not said is left to the broker', () => {
    expect(config.providers).toMatchObject({
      answers: { kind: 'openai', api: 'responses', background: false, limits: { concurrency: 4, queue: 0 } },
      claude: { kind: 'anthropic', prefix: 'assistant', maxTokens: 4096 },
      google: {
        kind: 'gemini',
        baseUrl: 'http://g',
        connections: 8,
        providerOptions: { google: { thinkingConfig: { includeThoughts: true } } },
      },
      local: { kind: 'ollama', reasoning: 'prompt', timeouts: { firstChunkMs: 300_000 } },
      groq: {
        kind: 'ai-sdk',
        package: '@ai-sdk/groq',
        export: 'createGroq',
        folder: '/home/etc',
        options: { region: 'zh', deep: [{ a: 1 }] },
      },
      sim: { kind: 'simulated', limits: { requestsPerMinute: 60, tokensPerMinute: 1000 } },
    });
    expect(config.models).toEqual({
      a: { provider: 'answers', fallback: ['b', 'sim?tokens=3'], limits: { concurrency: 1 } },
      b: { provider: 'claude', reasoning: 'adaptive', fallback: ['a'] },
      sim: { provider: 'sim' },
    });
    expect(config.recognised).toEqual([]);
  });

  test('hides its secrets', () => {
    const { claude, groq } = config.providers;
    expect(claude?.kind === 'anthropic' && claude.apiKey?.reveal()).toBe('sk-1');
    expect(groq?.kind === 'ai-sdk' && groq.secrets?.['secretAccessKey']?.reveal()).toBe('aws-1');
    expect(inspect(config, { depth: 9, showHidden: true }) + JSON.stringify(config)).not.toMatch(/sk-1|sk-2|aws-1/);
  });
});

describe('what is wrong is said with its line', () => {
  const at = (line: number): string => `/home/etc/openclaw.yaml:${line}: `;
  const models = (text: string): string =>
    `providers: {p: {kind: simulated}}\nmodels:\n  a: {provider: p}\n  b:\n    provider: p\n    fallback: ${text}`;

  test.each<[name: string, yaml: string, message: string]>([
    ['a fallback that does not exist', models('[a, aa]'), `${at(6)}models.b.fallback.1: there is no model "aa". Did you mean "a"?`],
    ['a model behind itself', models('["b?x=1"]'), `${at(6)}models.b.fallback.0: "b?x=1" is the model itself. Name others.`],
    ['a model twice', models('[a, p, a]'), `${at(6)}models.b.fallback.2: "a" is named twice.`],
    [
      'a way to think that nobody has',
      'providers:\n  p: {kind: ollama, reasoning: promt}',
      `${at(2)}providers.p.reasoning: "promt" is not "openai" or "adaptive" or `,
    ],
    ['no list', models('a'), `${at(6)}models.b.fallback: "a" is not a list.`],
    [
      'a limit of nothing',
      'providers:\n  p: {kind: simulated, limits: {concurrency: 0}}',
      `${at(2)}providers.p.limits.concurrency: 0 is not a whole number from 1 to 1000000.`,
    ],
    [
      'a limit that nobody knows',
      'providers:\n  p: {kind: simulated, limits: {concurency: 1}}',
      `${at(2)}providers.p.limits.concurency: unknown key. Did you mean "concurrency"?`,
    ],
    [
      'a package that was not named',
      'providers:\n  p: {kind: ai-sdk}\nmodels: {m: {provider: p}}',
      `${at(2)}providers.p.package: is missing. Expected a name: 1–128 characters.`,
    ],
    [
      'another kind’s key',
      'providers:\n  p: {kind: ollama, maxTokens: 1}\nmodels: {m: {provider: p}}',
      `${at(2)}providers.p.maxTokens: unknown key.`,
    ],
    [
      'another kind’s prefix',
      'providers:\n  p: {kind: gemini, prefix: deepseek}\nmodels: {m: {provider: p}}',
      `${at(2)}providers.p.prefix: "deepseek" is not "none" or "assistant".`,
    ],
    [
      'a secret',
      'providers:\n  p: {kind: ai-sdk, package: x, secrets: {k: "secret://valut/1"}}\nmodels: {m: {provider: p}}',
      `${at(2)}providers.p.secrets.k: the value (not shown) is not secret://env/NAME`,
    ],
  ])('%s', (_name, yaml, message) => {
    expect(problem(yaml).startsWith(message)).toBe(true);
  });
});

describe('without providers in the file', () => {
  const ollama = (...models: string[]): Found => ({ ollama: { baseUrl: 'http://127.0.0.1:11434', models } });
  const chosen = ({ recognised, defaultProvider, defaultModel }: Config) => [
    recognised.map(({ provider }) => provider),
    defaultProvider,
    defaultModel,
  ];

  test.each<[name: string, world: World, providers: readonly string[], model: string]>([
    ['OPENAI_API_KEY', { env: { OPENAI_API_KEY: 'k' } }, ['openai'], 'gpt-4.1-mini'],
    ['ANTHROPIC_API_KEY', { env: { ANTHROPIC_API_KEY: 'k' } }, ['anthropic'], 'claude-sonnet-5-5'],
    ['ANTHROPIC_MODEL', { env: { ANTHROPIC_API_KEY: 'k', ANTHROPIC_MODEL: 'claude-x' } }, ['anthropic'], 'claude-x'],
    ['GEMINI_API_KEY', { env: { GEMINI_API_KEY: 'k' } }, ['gemini'], 'gemini-3.8-flash'],
    ['GOOGLE_GENERATIVE_AI_API_KEY', { env: { GOOGLE_GENERATIVE_AI_API_KEY: 'k', GEMINI_MODEL: 'g' } }, ['gemini'], 'g'],
    ['an Ollama', { found: ollama('qwen3:8b', 'llama3.2') }, ['ollama'], 'qwen3:8b'],
    [
      'all of them',
      { env: { OPENAI_BASE_URL: 'http://o', OPENAI_MODEL: 'm', ANTHROPIC_API_KEY: 'k', GEMINI_API_KEY: 'k' }, found: ollama('qwen3:8b') },
      ['openai', 'anthropic', 'gemini', 'ollama'],
      'm',
    ],
    ['two keys', { env: { GEMINI_API_KEY: 'k', ANTHROPIC_API_KEY: 'k' } }, ['anthropic', 'gemini'], 'claude-sonnet-5-5'],
  ])('%s is recognised', (_name, world, providers, model) => {
    const config = resolved(world);
    expect(chosen(config)).toEqual([providers, providers[0], model]);
    expect(config.notes).toEqual([]);
  });

  test('the models of each are known by their names, and keys are read at their use', () => {
    const env: Record<string, string> = { OPENAI_API_KEY: 'k', ANTHROPIC_API_KEY: 'sk-one', ANTHROPIC_BASE_URL: 'http://c' };
    const config = resolved({ env, found: ollama('qwen3:8b', 'gpt-4.1-mini') });
    expect(config.models).toEqual({
      'gpt-4.1-mini': { provider: 'openai' },
      'claude-sonnet-5-5': { provider: 'anthropic' },
      'qwen3:8b': { provider: 'ollama' },
    });
    expect(config.recognised.map(({ because }) => because)).toEqual([
      'OPENAI_API_KEY is set',
      'ANTHROPIC_API_KEY is set',
      'it answers at http://127.0.0.1:11434',
    ]);
    expect(config.providers['anthropic']).toMatchObject({ kind: 'anthropic', baseUrl: 'http://c' });
    const { anthropic } = config.providers;
    expect(anthropic?.kind === 'anthropic' && anthropic.apiKey?.reveal()).toBe('sk-one');
  });

  test('an Ollama that happens to run takes nothing from who asks for the simulated model', () => {
    expect(resolved({ found: ollama('qwen3:8b') }).models).toEqual({
      'qwen3:8b': { provider: 'ollama' },
      simulated: { provider: 'simulated' },
    });
  });

  test('an Ollama without models, or that is not there, leaves the simulated model, with a word on what to do', () => {
    const empty = resolved({ found: ollama() });
    expect(empty).toMatchObject({ defaultModel: 'simulated', recognised: [] });
    expect(empty.notes).toEqual([expect.stringContaining('simulated model'), expect.stringContaining('ollama pull')]);
    const gone = resolved({ env: { OPENAI_API_KEY: 'k' }, found: { ollama: { baseUrl: 'http://far:1', problem: 'ECONNREFUSED' } } });
    expect(gone.notes).toEqual(['OLLAMA_HOST names http://far:1, but no Ollama answers there (ECONNREFUSED).']);
    expect(gone.defaultModel).toBe('gpt-4.1-mini');
  });

  test('models of the file may be those of a recognised provider', () => {
    const yaml = 'models: {fast: {provider: anthropic, name: claude-haiku-5-5}}\n';
    const config = resolved({ yaml, env: { ANTHROPIC_API_KEY: 'k' } });
    expect(config.defaultModel).toBe('fast');
    expect(problem(yaml)).toContain('there is no provider "anthropic". Known: simulated.');
  });

  test('providers of the file win over all that', () => {
    const yaml = 'providers: {sim: {kind: simulated}}\n';
    const config = resolved({ yaml, env: { ANTHROPIC_API_KEY: 'k', GEMINI_API_KEY: 'k' }, found: ollama('x') });
    expect([Object.keys(config.providers), config.recognised, config.defaultModel]).toEqual([['sim'], [], 'sim']);
  });
});

test.each([
  [undefined, 'http://127.0.0.1:11434'],
  ['', 'http://127.0.0.1:11434'],
  ['far', 'http://far:11434'],
  ['far:1234', 'http://far:1234'],
  [':1234', 'http://127.0.0.1:1234'],
  ['0.0.0.0', 'http://127.0.0.1:11434'],
  ['0.0.0.0:80', 'http://127.0.0.1'],
  ['http://far', 'http://far'],
  ['https://far/sub/', 'https://far/sub'],
  ['[::1]', 'http://[::1]:11434'],
  ['http://[', 'http://127.0.0.1:11434'],
])('OLLAMA_HOST=%s means %s', (host, address) => {
  expect(ollamaAddress({ OLLAMA_HOST: host })).toBe(address);
});
