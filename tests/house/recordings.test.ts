/**
 * The whole house, a `claw up` in a process of its own, against a provider that replays a folder of streams: the project's own, or the one that
 * `OPENCLAW_RECORDINGS` names. `OPENCLAW_UPSTREAM` names a provider that already runs and serves that folder, in place of ours.
 */
import { OpenClawClient } from 'openclaw-runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProvider } from '../provider/server.ts';
import { loadStreams, OWN_STREAMS } from '../provider/streams.ts';
import { type Claw, startClaw } from './claw.ts';
import { type Expected, expectedOf } from './expected.ts';
import { makeFolder } from './folder.ts';
import { ask, type Heard, kinds } from './listen.ts';

const streams = loadStreams(process.env['OPENCLAW_RECORDINGS'] ?? OWN_STREAMS);
const foreign = process.env['OPENCLAW_UPSTREAM'];
const cases = [...streams].map(([name, lines]) => ({ name, lines, whole: expectedOf(lines), half: Math.floor(lines.length / 2) }));
/** Some providers need a millisecond for each byte when they are asked for bytes. */
const BYTEWISE_TIMEOUT_MS = 300_000;

const folder = makeFolder();
const provider = foreign === undefined ? await startProvider({ streams }) : undefined;
const baseUrl = foreign ?? (provider?.url as string);
let claw: Claw;
const client = new OpenClawClient({ reconnectDelay: 100 });

beforeAll(async () => {
  claw = await startClaw({ data: folder.in('data'), config: configuration() });
  await client.connect(claw.url);
});

afterAll(async () => {
  client.close();
  await claw?.stop('SIGKILL');
  await provider?.close();
  folder[Symbol.dispose]();
});

/** Each model three times: as it is, of a provider that is waited for (`NAME-slowly`), and of one that continues from a prefix (`NAME-goes-on`). */
function configuration(): object {
  const retries = { max: 2, baseMs: '5ms', capMs: '20ms' };
  const common = { kind: 'openai', baseUrl, retries, circuit: { failures: 1_000_000 } };
  const models = cases.flatMap(({ name }) => [
    [name, { provider: 'plain' }],
    [`${name}-slowly`, { provider: 'patient', name }],
    [`${name}-goes-on`, { provider: 'plain', name, prefix: 'assistant' }],
  ]);
  return {
    providers: {
      plain: { ...common, timeouts: { totalMs: '30s', firstChunkMs: '600ms', betweenChunksMs: '300ms' } },
      patient: common,
    },
    models: { ...Object.fromEntries(models), stranger: { provider: 'plain', name: 'no-such-model' } },
  };
}

const hear = (model: string): Promise<Heard> => ask(client, { input: 'Go on.', model, tokenInterval: 0 });

function expectWhole({ text, thinking, toolCalls, result }: Heard, whole: Expected): void {
  expect({ text, thinking, toolCalls }).toEqual({ text: whole.text, thinking: whole.thinking, toolCalls: whole.end.toolCalls });
  expect(result).toMatchObject({ status: 'completed', reason: whole.end.finish, usage: whole.end.usage });
}

/** The end after a fault that strikes every time: the error itself where nothing had been said, else the one that recovery was given up with. */
function expectTyped(heard: Heard, code: string, lines: readonly string[]): void {
  const { text, thinking } = expectedOf(lines);
  expect({ text: heard.text, thinking: heard.thinking }).toEqual({ text, thinking });
  const { status, error } = heard.result;
  expect(status).toBe(text + thinking === '' && code === 'PROVIDER_TIMEOUT' ? 'timed_out' : 'failed');
  expect(error?.code).toBe(text + thinking === '' ? code : 'NO_PROGRESS');
  expect(`${error?.code} ${error?.message}`).toContain(code);
}

test('there are streams to test with', () => {
  expect(cases.length).toBeGreaterThan(0);
});

describe.each(cases)('$name', ({ name, lines, whole, half }) => {
  test.each(['', '?split=1', '?split=7', '?gap=1&burst=3', '?ttft=20'])(
    'the client gets what is in the file, byte for byte: %s',
    async (options) => expectWhole(await hear(`${name}-slowly${options}`), whole),
    BYTEWISE_TIMEOUT_MS,
  );

  test('junk in the stream is a typed error, with all that came before', async () => {
    const [first, later] = await Promise.all([hear(`${name}?junk=0`), hear(`${name}?junk=${half}`)]);
    expectTyped(first, 'PROVIDER_MALFORMED', []);
    expectTyped(later, 'PROVIDER_MALFORMED', lines.slice(0, half));
  });

  test('a cut is healed by asking again, silently while the answer is the same', async () => {
    const heard = await hear(`${name}?cut=${half}&times=1`);
    expectWhole(heard, whole);
    expect(kinds(heard).filter((kind) => kind === 'step.started')).toHaveLength(1);
    expect(kinds(heard)).toContain('step.retried');
  });

  test('a cut is healed by going on from the prefix, where the provider can', async () => {
    if (whole.text === '' || whole.thinking !== '') return;
    const heard = await hear(`${name}-goes-on?cut=${Math.ceil(lines.length / 3)}`);
    expectWhole(heard, whole);
    const resumed = heard.records.filter((record) => record.kind === 'step.resumed');
    expect(resumed.length).toBeGreaterThan(0);
    expect(resumed.every((record) => record.data.by === 'continue')).toBe(true);
  });

  test('a cut that comes each time ends in a typed state', async () => {
    expectTyped(await hear(`${name}?cut=${half}`), 'PROVIDER_FAILED', lines.slice(0, half));
  });

  test('a silent provider is a time-out, and asked again', async () => {
    const [never, once, always] = await Promise.all([
      hear(`${name}?stall=0`),
      hear(`${name}?stall=${half}&times=1`),
      hear(`${name}?stall=${half}`),
    ]);
    expectTyped(never, 'PROVIDER_TIMEOUT', []);
    expectWhole(once, whole);
    expectTyped(always, 'PROVIDER_TIMEOUT', lines.slice(0, half));
  });

  test.each([
    [429, 'PROVIDER_RATE_LIMITED'],
    [500, 'PROVIDER_FAILED'],
    [503, 'PROVIDER_FAILED'],
  ] as const)('status %i is tried again, and a typed failure when it stays', async (status, code) => {
    const [healed, stays] = await Promise.all([hear(`${name}?status=${status}&retry=0&times=2`), hear(`${name}?status=${status}`)]);
    expectWhole(healed, whole);
    expect(healed.records.flatMap((record) => (record.kind === 'step.retried' ? [record.data.error.code] : []))).toEqual([code, code]);
    expectTyped(stays, code, []);
  });
});

test('Retry-After is waited for', async () => {
  const { name, whole } = cases[0] as (typeof cases)[number];
  const started = performance.now();
  expectWhole(await hear(`${name}?status=503&retry=1&times=2`), whole);
  expect(performance.now() - started).toBeGreaterThanOrEqual(2_000);
});

test('a model that nobody knows is a clear error, whoever says so', async () => {
  const [ours, theirs] = await Promise.all([hear('nobody-has-this'), hear('stranger')]);
  expect(ours.result).toMatchObject({ status: 'failed', error: { code: 'NOT_FOUND' } });
  expect(ours.result.error?.message).toContain('nobody-has-this');
  expect(theirs.result).toMatchObject({ status: 'failed', error: { code: 'NOT_FOUND' } });
  expect(theirs.result.error?.message).toContain('no-such-model');
});

describe.skipIf(provider === undefined)('with our own provider', () => {
  test.each(cases.filter(({ whole }) => whole.text !== ''))('$name: one delta of a million bytes', async ({ name, whole }) => {
    const bytes = 1_000_000;
    const heard = await hear(`${name}?bigtoken=${bytes}`);
    expectWhole(heard, { ...whole, text: 'x'.repeat(bytes) + whole.text });
  });

  test('a second answer that differs takes the place of the first from where it differs', async () => {
    const { name, lines } = cases.find(({ whole }) => whole.thinking === '' && whole.end.toolCalls.length === 0) as (typeof cases)[number];
    const model = `${name}?vary&cut=${Math.floor(lines.length / 2)}&times=1`;
    const heard = await hear(model);
    const answers = provider?.ledger().filter((entry) => entry.model === model) ?? [];
    expect(answers).toHaveLength(2);
    expect(heard.text).toBe(answers.at(-1)?.full);
    expect(heard.result.status).toBe('completed');
    expect(heard.records.filter((record) => record.kind === 'step.started' && record.data.supersedes === 1)).toHaveLength(1);
  });
});
