/** The clients of the OpenClaw assistant, as they are published: its program, its terminal, its client library, and the assistant itself with this server as its model. */
import { GatewayClient, type GatewayClientOptions } from '@openclaw/gateway-client';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ScriptedProvider, startScriptedProvider } from '../provider/scripted.ts';
import { startProvider, type TestProvider } from '../provider/server.ts';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { createOpenClaw, installOpenClaw } from './openclaw-program.ts';

// Its programs take seconds of a processor to start, each.
vi.setConfig({ testTimeout: 180_000 });

const TOKEN = 'a-token-of-this-test-0123456789';
const folder = makeFolder();
let program = '';
let provider: TestProvider;
let scripted: ScriptedProvider;
let claw: Claw;
let openclaw: ReturnType<typeof createOpenClaw>;

beforeAll(async () => {
  program = await installOpenClaw();
  provider = await startProvider();
  scripted = await startScriptedProvider(({ messages }) => {
    const last = messages.at(-1);
    return last?.role === 'tool' ? { text: `They say: ${last.content}` } : { calls: [{ name: 'calc', arguments: { expression: '6*7' } }] };
  });
  await start(0);
  openclaw = createOpenClaw(program, folder.in('person'), { OPENCLAW_GATEWAY_URL: claw.url, OPENCLAW_GATEWAY_TOKEN: TOKEN });
}, 300_000);

afterAll(async () => {
  await claw?.stop('SIGKILL');
  await provider?.close();
  await scripted?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

beforeEach(() => provider.reset());

async function start(port: number): Promise<void> {
  claw = await startClaw({
    data: folder.in('data'),
    port,
    config: {
      server: { token: TOKEN },
      providers: {
        chat: { kind: 'openai', baseUrl: provider.url },
        kept: { kind: 'openai', api: 'responses', baseUrl: provider.url },
        scripted: { kind: 'openai', baseUrl: scripted.url },
      },
      models: { text: { provider: 'chat' }, kept: { provider: 'kept', name: 'text?vary=1' }, scripted: { provider: 'scripted' } },
      agents: {
        default: { model: 'text' },
        slow: { model: 'text?gap=150' },
        // It is still being said when a server that was killed is back.
        kept: { model: 'kept?gap=150' },
        careful: { model: 'scripted', uses: ['calc'], permissions: { ask: ['calc'] } },
      },
    },
  });
}

async function kill(): Promise<void> {
  await claw.stop('SIGKILL');
  await start(claw.port);
}

describe('the program', () => {
  test('asks how the server is, what it has, and an agent', async () => {
    const [health, models, agent] = await Promise.all([
      openclaw.run('health'),
      openclaw.run('gateway', 'call', 'models.list', '--json'),
      openclaw.run('agent', '--message', 'Go.', '--thinking', 'high'),
    ]);
    expect(health).toMatchObject({ code: 0, out: expect.stringContaining('Agents: default (default)') });
    expect((JSON.parse(models.out) as { models: { id: string }[] }).models.map(({ id }) => id)).toEqual(['text', 'kept', 'scripted']);
    expect(agent).toMatchObject({ code: 0, out: expect.stringContaining(provider.ledger()[0]?.full.trim() ?? '?') });
  });

  test('is refused with a wrong token, and told what to do', async () => {
    const stranger = createOpenClaw(program, folder.in('stranger'), { OPENCLAW_GATEWAY_URL: claw.url, OPENCLAW_GATEWAY_TOKEN: 'guess' });
    const { code, err } = await stranger.run('gateway', 'call', 'health');
    expect(code).not.toBe(0);
    expect(err).toMatch(/unauthorized|token/i);
  });

  test('after kill -9 in the middle of a turn the same run id has the whole answer, and the provider was asked once', async () => {
    const broken = openclaw.start('agent', '--agent', 'kept', '--message', 'Outlive it.', '--json');
    await untilSaid(60);
    await kill();
    const { code, out } = await broken.ended;
    expect(code).not.toBe(0);
    const { runId } = JSON.parse(out) as { runId: string };
    const params = { agentId: 'kept', message: 'Outlive it.', idempotencyKey: runId };
    const again = ['gateway', 'call', 'agent', '--expect-final', '--json', '--params', JSON.stringify(params)] as const;
    const answer = JSON.parse((await openclaw.run(...again)).out) as object;
    const [first, ...others] = provider.ledger();
    expect(answer).toMatchObject({ runId, status: 'ok', result: { payloads: [{ text: first?.full }] } });
    expect(others.map(({ response, again }) => ({ response, again }))).toEqual([{ response: first?.response, again: true }]);
    const asked = provider.ledger().length;
    expect(JSON.parse((await openclaw.run(...again)).out)).toEqual(answer);
    expect(provider.ledger()).toHaveLength(asked);
  });
});

test('on the terminal a person is asked whether a tool may be called', async () => {
  using tui = openclaw.onTerminal('tui', '--session', 'agent:careful:main', '--url', claw.url, '--token', TOKEN);
  await tui.shows(/gateway connected/);
  tui.type('What is 6*7?\r');
  await tui.shows(/calc wants to run/);
  tui.type('\u001b[A');
  tui.type('\r');
  await tui.shows(/They say: 42/);
  expect(tui.said()).toContain('allowed once');
});

test('the terminal: an answer streams, Esc aborts it and closes the provider’s socket; after kill -9 it goes on where it was', async () => {
  using tui = openclaw.onTerminal('tui', '--session', 'agent:slow:main', '--url', claw.url, '--token', TOKEN);
  using other = openclaw.onTerminal('tui', '--session', 'agent:kept:terminal', '--url', claw.url, '--token', TOKEN);
  await tui.shows(/gateway connected/);
  tui.type('Tell me.\r');
  await tui.shows(/A log is a promise/);
  tui.type('\u001b');
  await tui.shows(/run aborted/);
  await until(() => provider.stats().clientAborted === 1);
  await other.shows(/gateway connected/);
  provider.reset();
  other.type('Outlive it.\r');
  await untilSaid(60);
  await kill();
  await other.shows(/gateway reconnected/);
  await until(() => provider.ledger().at(-1)?.status === 'finished');
  const last = provider.ledger()[0]?.full.trim().split(/\s+/).slice(-3) ?? [];
  await other.shows(new RegExp(last.map((word) => word.replaceAll(/\W/g, '.')).join('\\s+')));
  expect(provider.ledger().filter(({ again }) => !again)).toHaveLength(1);
});

describe('the client library', () => {
  test('hears a run as it is said, loses its server, and hears the rest of it', async () => {
    const heard: { event: string; payload?: unknown }[] = [];
    let connected = Promise.withResolvers<void>();
    const client = createClient({ onEvent: (event) => heard.push(event), onHelloOk: () => connected.resolve() });
    try {
      await connected.promise;
      const key = 'agent:kept:library';
      expect(await client.request('chat.send', { sessionKey: key, message: 'Outlive it.', idempotencyKey: 'library' })).toMatchObject({
        status: 'started',
      });
      await until(() => heard.some(({ payload }) => (payload as { state?: string }).state === 'delta'));
      connected = Promise.withResolvers();
      await kill();
      await connected.promise;
      expect(await client.request('chat.history', { sessionKey: key })).toMatchObject({
        messages: [{ role: 'user' }],
        inFlightRun: { runId: 'library' },
      });
      await until(() => heard.some(({ payload }) => (payload as { state?: string }).state === 'final'));
      const [first] = provider.ledger();
      expect(heard.findLast(({ event }) => event === 'chat')).toMatchObject({
        payload: { runId: 'library', state: 'final', message: { content: [{ text: first?.full }] } },
      });
      const history = (await client.request('chat.history', { sessionKey: key })) as { messages: unknown[] };
      expect(history.messages).toMatchObject([{ role: 'user' }, { role: 'assistant', content: [{ text: first?.full }] }]);
      expect(provider.ledger().filter(({ again }) => !again)).toHaveLength(1);
    } finally {
      client.stop();
    }
  });
});

describe('the assistant with this server as its model', () => {
  const assistant = (name: string, model: string) =>
    createOpenClaw(
      program,
      folder.in(name),
      {},
      {
        models: {
          mode: 'replace',
          catalogRefresh: { enabled: false },
          providers: {
            runtime: {
              baseUrl: `${claw.http}/v1`,
              apiKey: TOKEN,
              api: 'openai-completions',
              models: [
                {
                  id: model,
                  name: model,
                  reasoning: true,
                  input: ['text'],
                  cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
                  contextWindow: 128_000,
                  maxTokens: 4_096,
                  compat: { supportsReasoningEffort: true, supportedReasoningEfforts: ['minimal', 'low', 'medium', 'high', 'xhigh'] },
                },
              ],
            },
          },
        },
        agents: { defaults: { model: { primary: `runtime/${model}` }, workspace: folder.in(`${name}-workspace`), skipBootstrap: true } },
      },
    );

  test('its turns are answered, with all its tools; one that it aborts is cancelled at the provider', async () => {
    const quick = assistant('answered', 'text').run('agent', '--local', '--agent', 'main', '--message', 'Go.');
    const aborted = assistant('aborted', 'text?gap=200').start('agent', '--local', '--agent', 'main', '--message', 'Stop.');
    await until(() => provider.ledger().some(({ model, sent }) => model.includes('gap') && sent.length > 0));
    aborted.stop('SIGINT');
    const { code, out } = await quick;
    const { tools, door } = await requestOf('text');
    expect(door).toMatchObject({ api: 'chat', model: 'text' });
    expect(tools.length).toBeGreaterThanOrEqual(10);
    expect(JSON.stringify(tools).length).toBeGreaterThan(5_000);
    expect(code).toBe(0);
    expect(out).toContain(
      provider
        .ledger()
        .find(({ model }) => !model.includes('gap'))
        ?.full.trim() ?? '?',
    );
    await until(() => provider.stats().clientAborted === 1);
    expect((await aborted.ended).code).not.toBe(0);
  });
});

/** What the newest run of a model was asked, by its log. */
async function requestOf(model: string): Promise<{ readonly tools: readonly object[]; readonly door: object }> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const { runs } = (await (await fetch(`${claw.http}/v1/runs?limit=20`, { headers })).json()) as {
    runs: { run: string; model?: string }[];
  };
  const run = runs.find((each) => each.model === model)?.run;
  const events = await (await fetch(`${claw.http}/v1/runs/${run}/events`, { headers })).text();
  const { data } = JSON.parse(/^data: (.*)$/m.exec(events)?.[1] ?? '{}') as { data: { tools: object[]; door: object } };
  return data;
}

function createClient(options: GatewayClientOptions): GatewayClient {
  const client = new GatewayClient({ url: claw.url, token: TOKEN, minProtocol: 4, maxProtocol: 4, ...options });
  client.start();
  return client;
}

/** Until the newest run has said so much that the provider is known of it: that is on the disk. */
async function untilSaid(chars: number): Promise<void> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const get = async (path: string): Promise<unknown> => (await fetch(`${claw.http}${path}`, { headers })).json();
  for (let said = 0; said <= chars; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (provider.ledger().length === 0) continue;
    const { runs } = (await get('/v1/runs?limit=1')) as { readonly runs: readonly { readonly run: string }[] };
    said = ((await get(`/v1/runs/${runs[0]?.run}`)) as { readonly text: string }).text.length;
  }
}

/** Looks every 20 ms. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}
