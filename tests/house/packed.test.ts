/** The packages as they are published, installed from their archives into an empty folder, under the newest Node that we know and the oldest that they are for. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentSnapshot, ExecuteResult, TaskOutcome } from 'openclaw-runtime';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScriptedProvider, startScriptedProvider } from '../provider/scripted.ts';
import { openBrowser } from './browser/open-browser.ts';
import { type PageServer, servePages } from './browser/page-server.ts';
import { type Claw, startClaw } from './claw.ts';
import { crew } from './crew.ts';
import { makeFolder } from './folder.ts';
import { type App, checkTypes, installApp } from './packed/app.ts';
import { installOldest, type NodeProgram, ours } from './packed/nodes.ts';
import { printed, startProgram } from './program.ts';

const CLIENTS = ['streaming', 'recovery', 'reconnect', 'batches'];

const folder = makeFolder();
let app: App;
let site: PageServer;
let browser: Browser;
let provider: ScriptedProvider;

beforeAll(async () => {
  app = await installApp(folder.in('app'));
  const scripts = CLIENTS.map((name) => app.in(`${name}.ts`));
  [site, browser] = await Promise.all([servePages(scripts, { installed: true }), openBrowser()]);
  const say = crew();
  provider = await startScriptedProvider((request) => {
    const last = request.messages.at(-1)?.content ?? '';
    if (last.startsWith('Judge how much thinking')) return { text: '{"level": 4, "why": "a proof"}' };
    return (request.tools ?? []).length > 0 ? say(request) : { text: 'Hello there.' };
  });
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
  await provider?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

test('publint has nothing to say of them', () => {
  expect(app.faults).toEqual([]);
});

test('no package asks for its sources, and none brings them', () => {
  const manifest = readFileSync(app.in('node_modules/@openclaw-runtime/agent/package.json'), 'utf8');
  expect(manifest).toContain('./dist/thread/main.js');
  expect(manifest).not.toContain('openclaw-source');
  expect(readFileSync(app.claw, 'utf8').split('\n')[0]).toBe(
    '#!/usr/bin/env -S node --disable-warning=ExperimentalWarning --max-semi-space-size=256 --no-allocation-site-pretenuring --v8-pool-size=1',
  );
});

test('a program type-checks against the declarations', { timeout: 180_000 }, () => {
  writeFileSync(
    app.in('provider.ts'),
    `import { createOpenClaw } from 'openclaw-runtime/ai-sdk';
    const { modelId, specificationVersion } = createOpenClaw({ url: 'ws://127.0.0.1:9' })('agent:coder');
    console.log(JSON.stringify([modelId, specificationVersion]));`,
  );
  checkTypes(app, ['streaming.ts', 'adaptive.ts', 'pool.ts', 'trainer.ts', 'provider.ts']);
  writeFileSync(app.in('wrong.ts'), `import { OpenClawClient } from 'openclaw-runtime';\nnew OpenClawClient({ streaming: 3 });\n`);
  expect(() => checkTypes(app, ['wrong.ts'])).toThrow("Type 'number' is not assignable to type 'boolean");
});

const nodes: readonly (readonly [string, () => NodeProgram])[] = [
  [`Node ${process.versions.node}`, () => ours],
  ['the oldest Node', installOldest],
];

describe.each(nodes)('under %s', (_, find) => {
  let node: NodeProgram;
  let env: Record<string, string>;
  let homes = 0;

  beforeAll(() => {
    node = find();
    env = { PATH: `${node.folder}:${process.env['PATH']}`, OPENCLAW_METRICS_PORT: '0' };
  }, 300_000);

  /** What a sample prints that is started in a folder of its own, with a house inside where it needs one. */
  const runSample = (name: string, config: object = {}, more: Record<string, string> = {}, args: readonly string[] = []) => {
    const cwd = app.in(`${node.version}-${++homes}`);
    mkdirSync(cwd);
    const model = { provider: 'scripted', reasoning: 'openai', price: { input: 1, output: 10 } };
    const providers = {
      scripted: { kind: 'openai', baseUrl: provider.url },
      gone: { kind: 'openai', baseUrl: 'http://127.0.0.1:9/v1', retries: { max: 0 } },
    };
    const models = { answers: model, 'llama-3-70b': model, broken: { provider: 'gone' } };
    writeFileSync(join(cwd, 'openclaw.yaml'), JSON.stringify({ providers, models, threads: { max: 2 }, ...config }));
    return startProgram(app.in(`${name}.ts`), { cwd, args, env: { ...env, ...more }, node: [node.path] });
  };

  test('claw says its version, and what it knows', () => {
    const say = (...words: string[]): string => execFileSync(app.claw, words, { encoding: 'utf8', env: { ...env, HOME: folder.path } });
    expect(say('--version')).toBe('0.1.0\n');
    expect(say('--help')).toContain('claw up');
  });

  test('the provider for the AI SDK is there', async () => {
    expect(await printed<readonly string[]>(runSample('provider'))).toEqual(['agent:coder', expect.stringMatching(/^v\d$/)]);
  });

  test('agents of the samples: depth, cost, prediction and static mode', async () => {
    const [adaptive, cost, prediction, fixed, knobs] = await Promise.all([
      printed<{ result: ExecuteResult }>(runSample('adaptive')),
      printed<{ dollars: number; result: ExecuteResult }>(runSample('cost', {}, {}, ['0.001'])),
      printed<{ predictedLevel: { level: number }; result: ExecuteResult }>(runSample('prediction', {}, {}, ['Hi!'])),
      printed<{ unstable: boolean; result: ExecuteResult }>(runSample('static-mode', { limits: { attempts: 1 } })),
      printed<object>(runSample('faq-depth')),
    ]);
    expect(adaptive.result).toMatchObject({ status: 'completed', text: 'Hello there.' });
    expect(cost.result.level).toBe(2);
    // The judge has little time; where that was not enough, the built-in prediction stands.
    expect(prediction.result.level).toBe(prediction.predictedLevel.level);
    expect(fixed).toMatchObject({ unstable: true, result: { text: 'Hello there.', level: 1 } });
    expect(knobs).toEqual({ atMost3: 3, byTag: 2, fixed: 1, none: 'left to the provider' });
  });

  test('agents on threads: the three that come along, one’s own, and one that goes on from its snapshot', async () => {
    const own = (module: string): object => ({ agents: { default: { module: app.in(module) } } });
    const [pool, snapshots, restored] = await Promise.all([
      printed<TaskOutcome>(runSample('pool', { tools: { fs: { writable: true } } })),
      printed<object>(runSample('snapshots', own('trainer.ts'))),
      printed<AgentSnapshot>(runSample('restore', own('frail-trainer.ts'))),
    ]);
    expect(pool).toMatchObject({ accepted: true, rounds: 2 });
    expect(snapshots).toEqual({ epoch: 5, loss: 1 / 32 });
    expect(restored.state).toEqual({ epoch: 5, begunAt: [0, 3] });
  });

  describe('a server', () => {
    let claw: Claw;
    const config = {
      defaultModel: 'simulated?tokens=40&ms=400',
      agents: { trainer: { module: './trainer.ts' } },
      threads: { hosts: 1 },
      server: { origins: [] as string[] },
    };

    beforeAll(async () => {
      config.server.origins = [site.origin];
      claw = await startClaw({ data: app.in(`data-${node.version}`), config, env, program: app.claw });
    });
    afterAll(() => claw?.[Symbol.asyncDispose]());

    test('streams to the client’s samples', async () => {
      const cluster = { OPENCLAW_CLUSTERS: JSON.stringify({ 'production/cluster-a': [claw.url] }) };
      const ended = await Promise.all(CLIENTS.map((name) => runSample(name, {}, cluster).ended));
      const [streaming = '', recovery, reconnect, batches = ''] = ended.map(({ code, out, err }) => {
        expect({ code, err }).toEqual({ code: 0, err: '' });
        return out;
      });
      expect(streaming.split(' ').length).toBeGreaterThanOrEqual(40);
      expect([recovery, reconnect]).toEqual([streaming, streaming]);
      const lines = linesOf(batches);
      expect(lines.join('')).toBe(streaming);
      expect(lines.length).toBeLessThan(40);
    });

    test('streams to the same samples in a browser', async () => {
      const texts = await Promise.all(
        CLIENTS.map(async (name) => {
          const page = await browser.newPage();
          await page.goto(site.page(name, claw.url));
          await page.waitForFunction(() => document.querySelector('#status')?.textContent);
          expect(await page.textContent('#status')).toBe('done');
          const text = (await page.textContent('#text')) ?? '';
          await page.close();
          return text;
        }),
      );
      const [streaming = '', recovery, reconnect, batches = ''] = texts;
      expect(streaming.split(' ').length).toBeGreaterThanOrEqual(40);
      expect([recovery, reconnect, linesOf(batches).join('')]).toEqual([streaming, streaming, streaming]);
    });

    test('has threads in processes of their own, complains of nothing, and stops when it is told to', async () => {
      writeFileSync(
        app.in('guest.ts'),
        `import { OpenClawAgent } from 'openclaw-runtime';
        const agent = new OpenClawAgent({ name: 'trainer', connect: '${claw.url}' });
        console.log(JSON.stringify((await agent.execute({ operation: 'train-model' })).value));`,
      );
      expect(await printed(runSample('guest'))).toEqual({ epoch: 5, loss: 1 / 32 });
      expect(claw.complaints()).toBe('');
      expect(await claw.stop('SIGTERM')).toBe(0);
    });
  });
});

/** What the sample that writes a line of JSON per batch wrote. */
function linesOf(batches: string): readonly string[] {
  return batches
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string);
}
