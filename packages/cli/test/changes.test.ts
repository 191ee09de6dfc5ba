import { expect, test } from 'vitest';
import { changesOf } from '../src/config/changes.ts';
import type { Config } from '../src/config/config.ts';
import { parseConfigFile } from '../src/config/file.ts';
import { completeConfig } from '../src/config/resolve.ts';

const env: Record<string, string> = { KEY: 'the first key' };
const ports = { env, cwd: '/home', readFile: () => undefined };

function configOf(text: string): Config {
  return completeConfig(parseConfigFile(text, '/home/openclaw.yaml', ports), {}, ports);
}

const BASE = `
providers: { main: { kind: openai, baseUrl: http://127.0.0.1:1, apiKey: secret://env/KEY } }
models: { a: { provider: main } }
`;
const of = (more: string, before = '') => changesOf(configOf(BASE + before), configOf(BASE + more));

test.each([
  ['limits: { attempts: 7 }', 'limits.attempts'],
  ['budgets: { day: { usd: 5 } }', 'budgets.day'],
  ['server: { origins: [https://a.example] }', 'server.origins'],
  ['monitoring: { alertThresholds: { errorRate: 5% } }', 'monitoring.alertThresholds'],
  ['agents: { helper: { instructions: Help. } }', 'agents.helper'],
  ['durability: { text: disk }', 'durability.text'],
  ['retention: { deleteAfter: 3d }', 'retention.deleteAfterMs'],
])('%s holds at once', (more, place) => {
  expect(of(more)).toEqual({ applied: [place], waiting: [] });
});

test.each([
  ['server: { port: 5 }', 'server.port'],
  ['data: elsewhere', 'data'],
  ['threads: { max: 3 }', 'threads.max'],
  ['tools: { calc: false }', 'tools.calc'],
  ['server: { token: abc }', 'server.token'],
  ['monitoring: { prometheusEnabled: false }', 'monitoring.prometheusEnabled'],
  ['tracing: { endpoint: http://127.0.0.1:4318 }', 'tracing.url'],
  ['reasoning: { features: [query_length] }', 'reasoning.features'],
])('%s waits for a restart', (more, place) => {
  expect(of(more).waiting).toContain(place);
});

test('a token that is another one holds at once; one that comes or goes does not', () => {
  expect(of('server: { token: abc }', 'server: { token: abd }')).toEqual({ applied: ['server.token'], waiting: [] });
  expect(of('', 'server: { token: abd }')).toEqual({ applied: [], waiting: ['server.token'] });
});

test('the same is no change, and a secret that is another one is', () => {
  expect(of('')).toEqual({ applied: [], waiting: [] });
  const before = configOf(BASE);
  const after = configOf(BASE.replace('KEY', 'OTHER'));
  env['OTHER'] = 'the second key';
  const changes = changesOf(before, after);
  expect(changes).toEqual({ applied: ['providers.main'], waiting: [] });
  expect(JSON.stringify(changes)).not.toContain('key');
});
