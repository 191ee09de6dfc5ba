import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { Leveled, ModelBroker, ModelRequest, ProviderConfig, ReasoningStyle } from '../src/index.ts';
import { controlOf, LEVELS } from '../src/levels/control.ts';
import { type Dialect, type LevelApi, SPOKEN } from '../src/levels/dialect.ts';
import { type LevelRow, ROWS } from '../src/levels/rows.ts';
import { ask, brokerOf, never } from './fixtures/brokers.ts';
import { APIS, SAMPLES } from './fixtures/level-samples.ts';
import { type Body, startRecorder } from './fixtures/recorder.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

const recorder = await startRecorder();
const brokers: ModelBroker[] = [];
afterEach(() => Promise.all(brokers.splice(0).map((broker) => broker.close())));
afterAll(() => recorder[Symbol.asyncDispose]());

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

function configOf(api: LevelApi, reasoning: ReasoningStyle | undefined): ProviderConfig {
  const at = { baseUrl: recorder.url, reasoning };
  if (api === 'messages') return { kind: 'anthropic', ...at };
  if (api === 'gemini' || api === 'ollama') return { kind: api, ...at };
  if (api !== 'ai-sdk') return { kind: 'openai', api, background: false, ...at };
  return { kind: 'ai-sdk', package: '@ai-sdk/gateway', folder: ROOT, options: { baseURL: recorder.url, apiKey: 'k' }, reasoning };
}

/** What goes over the wire, and what is said of it. */
async function sent(config: ProviderConfig, request: ModelRequest): Promise<{ readonly body: Body; readonly leveled: readonly Leveled[] }> {
  const broker = brokerOf(config);
  brokers.push(broker);
  const leveled: Leveled[] = [];
  await broker.stream(request, createCollectingSink({ leveled: (each) => leveled.push(each) }), never());
  return { body: recorder.bodies.at(-1) as Body, leveled };
}

/** What a level changed in the body, and what it would have changed had it not been there; each field as a whole. */
function changes(body: Body, before: Body, said: Body): Body {
  const same = (key: string): boolean => JSON.stringify(body[key]) === JSON.stringify(before[key]) && !(key in said);
  return Object.fromEntries(Object.keys({ ...before, ...body }).flatMap((key) => (same(key) ? [] : [[key, body[key]]])));
}

const keyOf = ({ dialect, models }: LevelRow): string => `${dialect}: ${models}`;
const nameOf = (row: LevelRow): readonly string[] => SAMPLES[keyOf(row)] ?? [];
const styleOf = ({ dialect, model }: LevelRow): Dialect | undefined => (model === 'configured' ? dialect : undefined);

test('every row of the table has samples, and every sample leads to its row', () => {
  expect(Object.keys(SAMPLES).toSorted()).toEqual(ROWS.map(keyOf).toSorted());
  for (const row of ROWS) {
    expect(nameOf(row).length, keyOf(row)).toBeGreaterThan(0);
    for (const api of APIS[row.dialect]) {
      for (const model of nameOf(row)) {
        const style = styleOf(row) ?? (api === 'chat' || api === 'responses' || row.dialect === 'deepseek' ? row.dialect : undefined);
        const never = { kind: row.isFixed ? 'fixed' : 'never' };
        const expected = row.says ? { kind: 'native', dialect: row.dialect, api, says: row.says } : never;
        expect(controlOf({ api, url: 'http://p.test', model, style }), `${keyOf(row)} ${api} ${model}`).toEqual(expected);
      }
    }
  }
});

test('every dialect is spoken where the samples say', () => {
  for (const [dialect, apis] of Object.entries(APIS)) {
    expect(
      Object.keys(SPOKEN)
        .filter((api) => SPOKEN[api as LevelApi].includes(dialect as Dialect))
        .toSorted(),
    ).toEqual(apis.toSorted());
  }
});

test('the body of every provider at every level', async () => {
  const lines: string[] = [];
  for (const row of ROWS) {
    for (const api of APIS[row.dialect]) {
      const [model = ''] = nameOf(row);
      const config = configOf(api, row.dialect);
      const before = await sent(config, ask(model));
      expect(before.leveled).toEqual([]);
      lines.push(`${row.dialect} by ${api}, ${row.models}: ${model}`);
      for (const level of LEVELS) {
        const { body, leveled } = await sent(config, { ...ask(model), level });
        const { warning, sent: json = '{}', ...rest } = leveled.at(-1) as Leveled;
        expect([leveled.length, rest]).toEqual([1, { wanted: level }]);
        const said = JSON.parse(json) as Body;
        const changed = changes(body, before.body, said);
        // What reaches the wire is what was said of it, and what does not is not silent.
        expect(api === 'gemini' ? body['generationConfig'] : body).toMatchObject(said);
        expect(Object.keys(changed).length > 0).toBe(row.says !== undefined);
        if (row.says === undefined) expect(warning === undefined).toBe(level === 1 && !row.isFixed);
        lines.push(`  ${level}  ${JSON.stringify(changed)}${warning === undefined ? '' : `  ! ${warning}`}`);
      }
    }
  }
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('./wire/levels.txt');
});
