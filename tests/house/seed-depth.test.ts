/** The samples about depth, cost and prediction, as they are written down, in real processes with a house inside. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type Analysis,
  createHouse,
  type ExecuteResult,
  type Interval,
  OpenClawAgent,
  OpenClawClient,
  type Prediction,
} from 'openclaw-runtime';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Line, type ScriptedProvider, type ScriptedRequest, startScriptedProvider } from '../provider/scripted.ts';
import { type Folder, makeFolder } from './folder.ts';
import { printed as printedBy, startProgram } from './program.ts';

let provider: ScriptedProvider;
let folder: Folder;
let script: (request: ScriptedRequest) => Line | Promise<Line>;

beforeAll(async () => {
  provider = await startScriptedProvider((request) => script(request));
});
afterAll(() => provider[Symbol.asyncDispose]());

beforeEach(() => {
  folder = makeFolder();
  script = () => ({ text: 'Hello there.' });
  configure({});
});
afterEach(() => folder[Symbol.dispose]());

const PRICE = { input: 1, output: 10 };

/** Two models that can be told how hard to think. */
function configure(more: object, models: object = {}): void {
  const model = { provider: 'scripted', reasoning: 'openai', price: PRICE };
  const config = {
    providers: {
      scripted: { kind: 'openai', baseUrl: provider.url },
      gone: { kind: 'openai', baseUrl: 'http://127.0.0.1:9/v1', retries: { max: 0 } },
    },
    models: { answers: model, 'llama-3-70b': model, ...models },
    ...more,
  };
  writeFileSync(folder.in('openclaw.yaml'), JSON.stringify(config));
}

/** What a sample printed, as a process of its own in the test's folder. */
function printed<T>(sample: string, ...args: readonly string[]): Promise<T> {
  const path = sample.startsWith('./') ? `${sample}.ts` : `../../examples/seed/${sample}.ts`;
  const file = fileURLToPath(new URL(path, import.meta.url));
  return printedBy<T>(startProgram(file, { cwd: folder.path, args, env: { OPENCLAW_METRICS_PORT: '0' } }));
}

/** How hard the model was asked to think, call by call. */
function efforts(since: number): unknown[] {
  return provider.requests.slice(since).map((request) => (request as { readonly reasoning_effort?: unknown }).reasoning_effort);
}

const isOrdered = ({ low, mean, high }: Interval): boolean => low >= 0 && low <= mean && mean <= high;

describe('the samples as they are written down', () => {
  test('an agent analyses a complex request, and runs it at level 3 or 4', async () => {
    const before = provider.requests.length;
    const { task, cost, result } = await printed<{ task: Analysis; cost: number; result: ExecuteResult }>('adaptive');
    expect(task).toMatchObject({ query: '解釋量子糾纏原理並給出應用案例', complexity: 'complex' });
    expect([3, 4]).toContain(task.level);
    expect(task.why[0]).toBe('complexity "complex" means level 3');
    const { tokens, usd, ms } = task.estimate;
    expect([tokens.in, tokens.out, tokens.thinking, usd, ms].every(isOrdered)).toBe(true);
    expect(cost).toBe(usd.mean);
    expect(cost).toBeGreaterThan(0);
    expect(result).toMatchObject({ status: 'completed', text: 'Hello there.', level: task.level });
    expect(efforts(before)).toEqual([task.level === 3 ? 'medium' : 'high']);
  });

  test.each([
    ['0.001', 2, 'low'],
    ['100', undefined, undefined],
  ])('an estimate over a limit of %s dollars lowers the level', async (limit, level, effort) => {
    const before = provider.requests.length;
    const sample = await printed<{ estimatedCost: Analysis['estimate']; dollars: number; result: ExecuteResult }>('cost', limit);
    expect(sample.estimatedCost).toMatchObject({ model: 'answers', level: 4, priced: true });
    expect(sample.dollars).toBe(sample.estimatedCost.usd.mean);
    expect(sample.dollars > Number(limit)).toBe(level === 2);
    if (level === undefined) return;
    expect(sample.result.level).toBe(level);
    expect(efforts(before)).toEqual([effort]);
  });

  test('a model judges how deep, and the agent thinks so', async () => {
    script = ({ messages }) =>
      messages.at(-1)?.content?.startsWith('Judge how much thinking') ? { text: '{"level": 4, "why": "a proof"}' } : { text: 'Done.' };
    const before = provider.requests.length;
    const sample = await printed<{ analysed: number; predictedLevel: Prediction; result: ExecuteResult }>('prediction', 'Hi!');
    expect(sample.predictedLevel).toMatchObject({ level: 4, why: ['llama-3-70b: a proof'] });
    expect(sample.result).toMatchObject({ text: 'Done.', level: 4 });
    expect(efforts(before)).toEqual(['low', 'high']);
  });

  test('where the model that is to judge is not there, the built-in one does, and says so', async () => {
    configure({ models: { answers: { provider: 'scripted', reasoning: 'openai' } } });
    const { predictedLevel, result } = await printed<{ predictedLevel: Prediction; result: ExecuteResult }>('prediction', 'Hi!');
    expect(predictedLevel.why[0]).toBe('llama-3-70b could not be asked, so the built-in prediction stands');
    expect(result.level).toBe(predictedLevel.level);
  });

  test('an agent that keeps failing goes on at level 1 without streaming', async () => {
    script = () => ({ text: 'Yes.' });
    const before = provider.requests.length;
    configure({ limits: { attempts: 1 } }, { broken: { provider: 'gone' } });
    const { unstable, result } = await printed<{ unstable: boolean; result: ExecuteResult }>('static-mode');
    expect(unstable).toBe(true);
    expect(result).toMatchObject({ text: 'Yes.', level: 1 });
    expect(efforts(before)).toEqual(['low']);
  });

  test('the knobs against too much thinking', async () => {
    const sample = await printed<Record<string, unknown>>('faq-depth');
    expect(sample).toEqual({ atMost3: 3, byTag: 2, fixed: 1, none: 'left to the provider' });
  });
});

describe('an agent', () => {
  test('whose budget has no room is told so, and its run waits for more', async () => {
    configure({ limits: { parkAfterMs: 200 } });
    const before = provider.requests.length;
    const poor = await printed<object>('./samples/budget', '0.000001', 'Why is the sky blue?');
    expect(poor).toMatchObject({ error: { code: 'BUDGET_EXHAUSTED', message: expect.stringContaining('Add to it') }, unstable: false });
    expect(provider.requests.length).toBe(before);
    expect(await printed<object>('./samples/budget', '1', 'Why is the sky blue?')).toMatchObject({
      status: 'completed',
      text: 'Hello there.',
    });
  });

  test('that is set to another level thinks so from the next step of what is at work', async () => {
    configure({ agents: { default: { uses: ['calc'] } } });
    await using house = createHouse({ config: folder.in('openclaw.yaml'), data: folder.in('data'), log: () => undefined });
    const agent = new OpenClawAgent({ house, reasoningLevel: 3 });
    const before = provider.requests.length;
    script = async ({ messages }) => {
      if (messages.at(-1)?.role === 'tool') return { text: 'It is 4.' };
      const { url } = JSON.parse(readFileSync(folder.in('data/owner.json'), 'utf8')) as { readonly url: string };
      const { runs } = (await (await fetch(`${url.replace('ws', 'http')}/v1/runs`)).json()) as {
        readonly runs: readonly { readonly run: string }[];
      };
      const client = new OpenClawClient();
      await client.connect(url);
      agent.setReasoningLevel(1);
      for await (const item of client.attach(runs[0]?.run ?? '')) if (item.kind === 'level.set') break;
      client.close();
      return { calls: [{ name: 'calc', arguments: { expression: '2+2' } }] };
    };
    const { text: said, level } = await agent.execute('What is 2+2?');
    expect({ said, level }).toEqual({ said: 'It is 4.', level: 1 });
    expect(efforts(before)).toEqual(['medium', 'low']);
  });
});
