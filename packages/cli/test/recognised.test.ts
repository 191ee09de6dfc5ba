import { describe, expect, test } from 'vitest';
import { findPlace } from '../src/commands/place.ts';
import type { Config } from '../src/config/config.ts';
import { resolveConfig } from '../src/config/resolve.ts';
import { main } from '../src/program.ts';
import { createFakeWorld, type FakeWorld } from './fake-world.ts';

const TAGS = 'http://127.0.0.1:11434/api/tags';
const claw = (world: FakeWorld, ...args: string[]): Promise<number> => main(args, '1.2.3', world);

/** A machine on which Ollama serves these models. */
function withOllama(...models: string[]): FakeWorld {
  const world = createFakeWorld();
  const body = JSON.stringify({ models: models.map((name) => ({ name, size: 1 })) });
  world.answer = (url) => (url === TAGS ? { status: 200, body } : { problem: 'ECONNREFUSED' });
  world.web[TAGS] = 200;
  return world;
}

/** What a server that starts is given, and what it says. */
async function start(world: FakeWorld): Promise<{ readonly config: Config; readonly banner: string }> {
  const given = Promise.withResolvers<Config>();
  world.house = async (config) => {
    given.resolve(config);
    return { url: 'ws://127.0.0.1:1', port: 1, active: 0, failed: new Promise(() => {}), drain: async () => {}, close: async () => {} };
  };
  const ended = claw(world, 'up');
  const config = await given.promise;
  while (world.printed() === '') await new Promise(setImmediate);
  world.signal('SIGTERM');
  await ended;
  return { config, banner: world.printed() };
}

interface Finding {
  readonly level: string;
  readonly name: string;
  readonly says: string;
  readonly todo?: string;
}

async function findings(world: FakeWorld): Promise<Readonly<Record<string, Finding>>> {
  await claw(world, 'doctor', '--json');
  const { findings: all } = JSON.parse(world.printed()) as { readonly findings: readonly Finding[] };
  return Object.fromEntries(all.map((finding) => [finding.name, finding]));
}

describe('claw up', () => {
  test('takes a local Ollama, its first model that can be talked to, and says why', async () => {
    const world = withOllama('nomic-embed-text:latest', 'qwen3:8b', 'llama3.2:latest');
    const { config, banner } = await start(world);
    expect(config).toMatchObject({ defaultModel: 'qwen3:8b', defaultProvider: 'ollama' });
    expect(config.providers['ollama']).toEqual({ kind: 'ollama', baseUrl: 'http://127.0.0.1:11434' });
    expect(banner).toMatch(/model +qwen3:8b \(ollama, http:\/\/127\.0\.0\.1:11434\)\n/);
    expect(banner).toMatch(/because +ollama \(it answers at http:\/\/127\.0\.0\.1:11434\)\n/);
  });

  test('takes the first key, and says what else is there', async () => {
    const world = withOllama('qwen3:8b');
    Object.assign(world.env, { ANTHROPIC_API_KEY: 'sk-1', GEMINI_API_KEY: 'sk-2' });
    const { config, banner } = await start(world);
    expect(config.defaultProvider).toBe('anthropic');
    expect(banner).toMatch(
      /because +anthropic \(ANTHROPIC_API_KEY is set\); also there: gemini \(GEMINI_API_KEY is set\), ollama \(it answers/,
    );
    expect(banner).not.toMatch(/sk-\d/);
  });

  test('asks where OLLAMA_HOST points, and says when nobody is there', async () => {
    const world = createFakeWorld();
    world.env['OLLAMA_HOST'] = 'far:1234';
    const { config, banner } = await start(world);
    expect(world.sent.map(({ url }) => url)).toEqual(['http://far:1234/api/tags']);
    expect(config.defaultModel).toBe('simulated');
    expect(banner).toContain('OLLAMA_HOST names http://far:1234, but no Ollama answers there (ECONNREFUSED).');
    expect(banner).not.toContain('because');
  });

  test('says what to do about an Ollama without models', async () => {
    const { config, banner } = await start(withOllama());
    expect(config.defaultModel).toBe('simulated');
    expect(banner).toContain('ollama pull');
  });

  test.each(['<html>', '[]', '{"models":{}}'])('takes what answers %s for no Ollama', async (body) => {
    const world = createFakeWorld();
    world.answer = () => ({ status: 200, body });
    expect((await start(world)).config.providers).toEqual({ simulated: { kind: 'simulated' } });
  });

  test('looks for nothing where the file names a provider', async () => {
    const world = withOllama('qwen3:8b');
    world.files['/home/openclaw.yaml'] = 'providers: {sim: {kind: simulated}}';
    expect((await start(world)).config.recognised).toEqual([]);
    expect(world.sent).toEqual([]);
  });
});

test('a command that opens the data folder itself takes a local Ollama as well', async () => {
  const world = withOllama('qwen3:8b');
  const given = Promise.withResolvers<Config>();
  world.house = async (config) => {
    given.resolve(config);
    return { url: 'ws://127.0.0.1:1', port: 1, active: 0, failed: new Promise(() => {}), drain: async () => {}, close: async () => {} };
  };
  await findPlace({}, resolveConfig({}, world.config), world);
  expect(await given.promise).toMatchObject({ defaultModel: 'qwen3:8b', server: { host: '127.0.0.1', port: 0 } });
});

describe('claw doctor', () => {
  test('says what was recognised, and looks at each', async () => {
    const world = withOllama('qwen3:8b');
    Object.assign(world.env, { ANTHROPIC_API_KEY: 'sk-1', GEMINI_API_KEY: 'sk-2' });
    world.web['https://api.anthropic.com/v1/models'] = 200;
    world.web['https://generativelanguage.googleapis.com/v1beta/models'] = 400;
    const seen = await findings(world);
    expect(seen['recognised']?.says).toContain('anthropic (ANTHROPIC_API_KEY is set); also there: gemini');
    expect(seen['provider anthropic']).toMatchObject({ level: 'ok' });
    expect(seen['provider gemini']).toMatchObject({ level: 'fail', todo: 'Check the key.' });
    expect(seen['provider ollama']).toMatchObject({ level: 'ok', says: `${TAGS} answers 200` });
    const headers = Object.fromEntries(world.asked.map((each) => [new URL(each.url).hostname, each.headers]));
    expect(headers['api.anthropic.com']).toEqual({ 'anthropic-version': '2023-06-01', 'x-api-key': 'sk-1' });
    expect(headers['generativelanguage.googleapis.com']).toEqual({ 'x-goog-api-key': 'sk-2' });
    expect(world.printed()).not.toMatch(/sk-\d/);
  });

  test('says which package is missing, and which secret', async () => {
    const world = createFakeWorld();
    world.packages.add('@ai-sdk/here');
    world.files['/home/openclaw.yaml'] = [
      'providers:',
      '  here: {kind: ai-sdk, package: "@ai-sdk/here"}',
      '  gone: {kind: ai-sdk, package: "@ai-sdk/gone"}',
      '  shut: {kind: ai-sdk, package: "@ai-sdk/here", secrets: {secretAccessKey: secret://env/AWS}}',
      'models: {m: {provider: here}}',
    ].join('\n');
    const seen = await findings(world);
    expect(seen['provider here']).toMatchObject({ level: 'ok' });
    expect(seen['provider gone']).toMatchObject({ level: 'fail', todo: 'In that folder, run: npm install @ai-sdk/gone' });
    expect(seen['provider shut']).toMatchObject({ level: 'fail', todo: 'Set it, or take providers.shut.secrets.secretAccessKey out.' });
  });
});
