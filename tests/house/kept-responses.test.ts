/** Responses that a provider keeps, through the whole house: cancelled there, and read again by whoever owns the run next. */
import { OpenClawClient } from 'openclaw-runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProvider, type TestProvider } from '../provider/server.ts';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { kinds, listen } from './listen.ts';

const folder = makeFolder();
const client = new OpenClawClient({ reconnectDelay: 50, maxReconnectAttempts: 200 });
let provider: TestProvider;
let claw: Claw;

/** No two answers of the provider are the same. */
function configuration(): object {
  return { providers: { kept: { kind: 'openai', api: 'responses', baseUrl: provider.url } }, models: { text: { provider: 'kept' } } };
}

beforeAll(async () => {
  provider = await startProvider({ vary: true });
  claw = await startClaw({ data: folder.in('data'), config: configuration() });
  await client.connect(claw.url);
});

afterAll(async () => {
  client.close();
  await claw?.stop('SIGKILL');
  await provider?.close();
  folder[Symbol.dispose]();
});

test('a cancelled run cancels its response at the provider', async () => {
  const run = client.run({ input: 'Cancel me.', model: 'text?gap=200', tokenInterval: 0 });
  await firstText(run);
  await run.cancel();
  expect(await run.result()).toMatchObject({ status: 'cancelled' });
  await until(() => provider.stats().cancelled === 1);
  const { path } = provider.requests().at(-1) ?? {};
  expect(path).toBe(`/v1/responses/${provider.ledger().at(-1)?.response}/cancel`);
});

test.each([
  ['SIGKILL', 40],
  // Its answer takes longer than a drain waits.
  ['SIGTERM', 150],
] as const)('after %s the next owner reads the response again, and it is asked for once', async (signal, gapMs) => {
  provider.reset();
  const run = client.run({ input: 'Outlive it.', model: `text?gap=${gapMs}`, tokenInterval: 0 });
  const ended = listen(run);
  await until(() => (provider.ledger()[0]?.sent.length ?? 0) > 40);
  await claw.stop(signal);
  expect(provider.stats().cancelled).toBe(0);
  claw = await startClaw({ data: folder.in('data'), port: claw.port, config: configuration() });
  const heard = await ended;
  const [first, ...others] = provider.ledger();
  expect(heard.text).toBe(first?.full);
  expect(heard.result.status).toBe('completed');
  expect(others.map(({ response, again }) => ({ response, again }))).toEqual([{ response: first?.response, again: true }]);
  expect(heard.records.flatMap((record) => (record.kind === 'step.resumed' ? [record.data.by] : []))).toEqual(['attach']);
  expect(kinds(heard).filter((kind) => kind === 'step.started')).toHaveLength(1);
});

async function firstText(run: AsyncIterable<{ readonly kind: string }>): Promise<void> {
  for await (const { kind } of run) if (kind === 'text') return;
}

async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((resolve) => setTimeout(resolve, 5));
}
