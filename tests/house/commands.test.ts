/** What callers ask of runs: commands, idempotency, sessions, tools, and a server that is told to stop. */
import { OpenClawClient, type RunResult } from 'openclaw-runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProvider, type TestProvider } from '../provider/server.ts';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { fetchJson } from './http.ts';
import { ask, kinds, listen } from './listen.ts';

const folder = makeFolder();
const client = new OpenClawClient({ reconnectDelay: 50, maxReconnectAttempts: 100 });
let provider: TestProvider;
let claw: Claw;

/** `text` is cancelled and asked for the session's history, `tool-call` ends with calls. */
function configuration(): object {
  return {
    providers: { replay: { kind: 'openai', baseUrl: provider.url, prefix: 'assistant' }, simulated: { kind: 'simulated' } },
    models: { text: { provider: 'replay' }, 'tool-call': { provider: 'replay' }, simulated: { provider: 'simulated' } },
    agents: { default: { instructions: 'Be brief.' } },
  };
}

beforeAll(async () => {
  provider = await startProvider();
  claw = await startClaw({ data: folder.in('data'), config: configuration() });
  await client.connect(claw.url);
});

afterAll(async () => {
  client.close();
  await claw?.stop('SIGKILL');
  await provider?.close();
  folder[Symbol.dispose]();
});

// A machine that does other things too may pause in one of them: they are looked at again.
test('cancel is acknowledged, and the provider’s socket closed, within 100 ms', { retry: 8 }, async () => {
  const took: number[] = [];
  for (let i = 0; i < 5; i++) {
    const { clientAborted } = provider.stats();
    const run = client.run({ input: `Cancel me ${i}.`, model: 'text?gap=200', tokenInterval: 0 });
    await firstText(run);
    const asked = performance.now();
    await run.cancel();
    const acknowledgedMs = performance.now() - asked;
    await until(() => provider.stats().clientAborted === clientAborted + 1);
    took.push(performance.now() - asked);
    expect(acknowledgedMs).toBeLessThan(100);
    expect(await run.result()).toMatchObject({ status: 'cancelled' });
    await run.cancel();
  }
  expect(Math.max(...took)).toBeLessThan(100);
});

test('a run that waits for its session’s turn can be cancelled, and the one after it goes on', async () => {
  const session = 'cancelled-while-waiting';
  const [first, waiting, last] = [4_000, 400, 400].map((ms, i) =>
    client.run({ input: `${i}`, session, model: `simulated?tokens=20&ms=${ms}` }),
  );
  await waiting?.started;
  await waiting?.cancel();
  expect(await waiting?.result()).toMatchObject({ status: 'cancelled', text: '' });
  expect(await first?.result()).toMatchObject({ status: 'completed' });
  expect(await last?.result()).toMatchObject({ status: 'completed' });
});

test('an accepted cancel survives the server’s death', async () => {
  const run = client.run({ input: 'Die.', model: 'text?gap=50&ttft=20', tokenInterval: 0 });
  await firstText(run);
  const { port } = claw;
  await run.cancel();
  await claw.stop('SIGKILL');
  const before = provider.stats().requests;
  claw = await startClaw({ data: folder.in('data'), port, config: configuration() });
  expect(await run.result()).toMatchObject({ status: 'cancelled' });
  expect(provider.stats().requests).toBe(before);
});

test('one key is one run, by whatever way and over a restart; another request with it is an error', async () => {
  const idempotencyKey = 'once';
  const request = { input: 'Only once.', model: 'text' };
  const [a, b] = await Promise.all([client.run({ ...request, idempotencyKey }), client.run({ ...request, idempotencyKey })].map(listen));
  expect(a?.result.status).toBe('completed');
  expect(b?.records).toEqual(a?.records);
  const http = () => fetchJson(`${claw.http}/v1/runs`, { method: 'POST', headers: { 'idempotency-key': idempotencyKey }, json: request });
  const first = await http();
  expect(first).toMatchObject({ status: 200, body: { dup: true } });
  const asked = provider.stats().requests;

  await claw.stop('SIGKILL');
  claw = await startClaw({ data: folder.in('data'), port: claw.port, config: configuration() });
  expect((await http()).body).toEqual(first.body);
  expect((await ask(client, { ...request, idempotencyKey })).records).toEqual(a?.records);
  expect(provider.stats().requests).toBe(asked);

  await expect(client.run({ input: 'Something else.', model: 'text', idempotencyKey }).result()).rejects.toMatchObject({
    code: 'IDEMPOTENCY_CONFLICT',
  });
  const other = await fetchJson(`${claw.http}/v1/runs`, {
    method: 'POST',
    headers: { 'idempotency-key': idempotencyKey },
    json: { input: 'Other.' },
  });
  expect(other).toMatchObject({ status: 409, body: { error: { code: 'IDEMPOTENCY_CONFLICT' } } });
});

test('feedback is kept in the log of a run, and taken after its end', async () => {
  const run = client.run({ input: 'Rate me.', model: 'simulated?tokens=40&ms=4000', tokenInterval: 0 });
  await run.started;
  await run.feedback({ stars: 5, note: '⭐ «gut»' });
  const heard = await listen(run);
  expect(heard.records.filter((record) => record.kind === 'feedback.given').map(({ data }) => data.feedback)).toEqual([
    { stars: 5, note: '⭐ «gut»' },
  ]);
  await run.feedback('late');
});

test('a session remembers: the second run’s question holds what the first said', async () => {
  const session = 'remembers';
  const first = await ask(client, { input: 'My name is Ada.', session, model: 'text' });
  await ask(client, { input: 'What is my name?', session, model: 'text?ttft=1' });
  expect(provider.requests().at(-1)?.body.messages).toEqual([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'My name is Ada.' },
    { role: 'assistant', content: first.text },
    { role: 'user', content: 'What is my name?' },
  ]);
});

test('the runs of one session take turns in the order of their creation', async () => {
  const session = 'turns';
  const runs = [];
  for (let i = 0; i < 4; i++) {
    const run = client.run({ input: `Turn ${i}.`, session, model: 'text?gap=1' });
    await run.started;
    runs.push(run);
  }
  await Promise.all(runs.map((run) => run.result()));
  const asked = provider
    .requests()
    .slice(-4)
    .map(({ body }) => body.messages?.filter(({ role }) => role === 'user').map(({ content }) => content));
  expect(asked).toEqual([
    ['Turn 0.'],
    ['Turn 0.', 'Turn 1.'],
    ['Turn 0.', 'Turn 1.', 'Turn 2.'],
    ['Turn 0.', 'Turn 1.', 'Turn 2.', 'Turn 3.'],
  ]);
});

test('a call to a tool of the caller’s ends the run, with the calls', async () => {
  const tools = [{ name: 'weather', description: 'Tells it.', parameters: { type: 'object' } }, { name: 'clock' }];
  const heard = await ask(client, { input: 'How is it?', tools, model: 'tool-call' });
  expect(heard.result).toMatchObject({ status: 'completed', reason: 'tool_calls' });
  expect(heard.toolCalls.map(({ name }) => name)).toEqual(['weather', 'clock']);
  expect(kinds(heard).slice(-4)).toEqual(['tool.called', 'tool.called', 'step.ended', 'run.finished']);
  expect(JSON.stringify(provider.requests().at(-1)?.body['tools'])).toContain('weather');
});

test('SIGTERM: clients are told, reconnect to the next server, and no answer is cut', async () => {
  const whole = (await ask(client, { input: 'Whole.', model: 'text' })).text;
  const lines = 'text?gap=5&burst=4';
  const quick = client.run({ input: 'Quick.', model: lines, tokenInterval: 0 });
  const long = client.run({ input: 'Long.', model: 'simulated?tokens=200&ms=8000', tokenInterval: 0 });
  const ended: Promise<RunResult>[] = [quick.result(), long.result()];
  await Promise.all([firstText(quick), firstText(long)]);
  let drops = 0;
  client.on('error', () => drops++);

  const stopped = claw.stop('SIGTERM');
  const code = await stopped;
  expect(code).toBe(0);
  claw = await startClaw({ data: folder.in('data'), port: claw.port, config: configuration() });
  const [a, b] = await Promise.all(ended);
  expect(a).toMatchObject({ status: 'completed', text: whole });
  expect(b).toMatchObject({ status: 'completed' });
  expect(drops).toBeGreaterThan(0);
  const unkilled = await ask(client, { input: 'Long.', model: 'simulated?tokens=200&ms=0', tokenInterval: 0 });
  expect(b?.text).toBe(unkilled.text);
});

test('SIGTERM: a server without work ends at once', async () => {
  const began = performance.now();
  expect(await claw.stop('SIGTERM')).toBe(0);
  // With work it would wait for 5 s.
  expect(performance.now() - began).toBeLessThan(4_500);
});

async function firstText(run: AsyncIterable<{ readonly kind: string }>): Promise<void> {
  for await (const { kind } of run) if (kind === 'text') return;
}

/** Looks again each turn of the event loop: what is waited for is timed. */
async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((resolve) => setImmediate(resolve));
}
