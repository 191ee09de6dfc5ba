/**
 * The whole house, a `claw up` in a process of its own, against a provider that replays a folder of streams: the project's own, or the one that
 * `OPENCLAW_RECORDINGS` names. `OPENCLAW_UPSTREAM` names a provider that already runs and serves that folder, in place of ours.
 */
import { addUsage, NO_USAGE, type Usage } from '@openclaw-runtime/protocol';
import { OpenClawClient } from 'openclaw-runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProvider } from '../provider/server.ts';
import { type Claw, startClaw } from './claw.ts';
import type { Expected } from './expected/meaning.ts';
import { makeFolder } from './folder.ts';
import { ask, type Heard, kinds } from './listen.ts';
import { loadRecorded, RECORDINGS, type Recorded, type WireName } from './recorded.ts';

const foreign = process.env['OPENCLAW_UPSTREAM'];
const cases = loadRecorded(foreign === undefined ? undefined : ['openai-chat', 'anthropic']);
/** What is particular to the providers of each wire. */
const KINDS: Readonly<Record<WireName, object>> = {
  'openai-chat': { kind: 'openai' },
  anthropic: { kind: 'anthropic' },
  'openai-responses': { kind: 'openai', api: 'responses' },
};
/** Some providers need a millisecond for each byte when they are asked for bytes. */
const BYTEWISE_TIMEOUT_MS = 300_000;

const folder = makeFolder();
const provider = foreign === undefined ? await startProvider({ dir: RECORDINGS }) : undefined;
const baseUrl = foreign ?? (provider?.url as string);
const wires = [...new Set(cases.map(({ wire }) => wire))];
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

/** Each model three times: as it is, of a provider that is waited for (`TITLE-slowly`), and of one that continues from a prefix (`TITLE-goes-on`). */
function configuration(): object {
  const retries = { max: 2, baseMs: '5ms', capMs: '20ms' };
  const common = { baseUrl, retries, circuit: { failures: 1_000_000 } };
  const timeouts = { totalMs: '30s', firstChunkMs: '600ms', betweenChunksMs: '300ms' };
  const providers = Object.entries(KINDS).flatMap(([wire, kind]) => [
    [wire, { ...common, ...kind, timeouts }],
    [`${wire}-patient`, { ...common, ...kind }],
  ]);
  const models = cases.flatMap(({ title, wire, name: bare }) => {
    // Two streams of one name are two models for a provider that counts its faults by name.
    const name = `${bare}?as=${wire}`;
    const goesOn = [`${title}-goes-on`, { provider: `${wire}-patient`, name, prefix: 'assistant' }];
    return [
      [title, { provider: wire, name }],
      [`${title}-slowly`, { provider: `${wire}-patient`, name }],
      ...(canGoOn(wire) ? [goesOn] : []),
    ];
  });
  const strangers = wires.map((wire) => [`stranger-${wire}`, { provider: wire, name: 'no-such-model' }]);
  return {
    providers: Object.fromEntries(providers),
    models: Object.fromEntries([...models, ...strangers]),
    limits: { attempts: 10 },
    // What is made to fail all the time is to stream all the same.
    tiers: { enabled: false },
  };
}

function canGoOn(wire: WireName): boolean {
  return wire !== 'openai-responses';
}

const hear = (model: string): Promise<Heard> => ask(client, { input: 'Go on.', model, tokenInterval: 0 });

function expectAnswer({ text, thinking, toolCalls, result }: Heard, whole: Expected): void {
  expect({ text, thinking, toolCalls }).toEqual({ text: whole.text, thinking: whole.thinking, toolCalls: whole.end.toolCalls });
  expect(result).toMatchObject({ status: 'completed', reason: whole.end.finish });
}

/** `spent` by attempts that did not come to their end. */
function expectWhole(heard: Heard, whole: Expected, spent: Usage = NO_USAGE): void {
  expectAnswer(heard, whole);
  expect(heard.result.usage).toEqual(addUsage(whole.end.usage, spent));
}

/** The end after a fault that strikes every time: the error itself where nothing had been said, else the one that recovery was given up with. */
function expectTyped(heard: Heard, code: string, { text, thinking }: Pick<Expected, 'text' | 'thinking'>): void {
  expect({ text: heard.text, thinking: heard.thinking }).toEqual({ text, thinking });
  const { status, error } = heard.result;
  expect(status).toBe(text + thinking === '' && code === 'PROVIDER_TIMEOUT' ? 'timed_out' : 'failed');
  expect(error?.code).toBe(text + thinking === '' ? code : 'NO_PROGRESS');
  expect(`${error?.code} ${error?.message}`).toContain(code);
}

test('there are streams to test with', () => {
  expect(cases.length).toBeGreaterThan(0);
});

describe.each(cases)('$title', ({ title, wire, lines, whole, half, expected }) => {
  const nothing = expected([]);
  const before = expected(lines.slice(0, half));

  test.each(['', '?split=1', '?split=7', '?gap=1&burst=3', '?ttft=20'])(
    'the client gets what is in the file, byte for byte: %s',
    async (options) => expectWhole(await hear(`${title}-slowly${options}`), whole),
    BYTEWISE_TIMEOUT_MS,
  );

  test('junk in the stream is a typed error, with all that came before', async () => {
    const [first, later] = await Promise.all([hear(`${title}-slowly?junk=0`), hear(`${title}-slowly?junk=${half}`)]);
    expectTyped(first, 'PROVIDER_MALFORMED', nothing);
    expectTyped(later, 'PROVIDER_MALFORMED', before);
  });

  test('a cut is healed by asking again, silently while the answer is the same', async () => {
    const heard = await hear(`${title}-slowly?cut=${half}&times=1`);
    expectWhole(heard, whole, before.end.usage);
    expect(kinds(heard).filter((kind) => kind === 'step.started')).toHaveLength(1);
    expect(kinds(heard)).toContain('step.retried');
  });

  test('a cut is healed by going on from the prefix, where the provider can', async () => {
    if (!canGoOn(wire) || whole.text === '' || whole.thinking !== '') return;
    // A call of a tool is made anew each time, and would never be reached.
    const times = whole.end.toolCalls.length > 0 ? '&times=2' : '';
    const heard = await hear(`${title}-goes-on?cut=${Math.ceil(lines.length / 3)}${times}`);
    expectAnswer(heard, whole);
    const resumed = heard.records.filter((record) => record.kind === 'step.resumed');
    expect(resumed.length).toBeGreaterThan(0);
    expect(resumed.every((record) => record.data.by === 'continue')).toBe(true);
  });

  test('a cut that comes each time ends in a typed state', async () => {
    expectTyped(await hear(`${title}-slowly?cut=${half}`), 'PROVIDER_FAILED', before);
  });

  test('a silent provider is a time-out, and asked again', async () => {
    const [never, once, always] = await Promise.all([
      hear(`${title}?stall=0`),
      hear(`${title}?stall=${half}&times=1`),
      hear(`${title}?stall=${half}`),
    ]);
    expectTyped(never, 'PROVIDER_TIMEOUT', nothing);
    expectWhole(once, whole, before.end.usage);
    expectTyped(always, 'PROVIDER_TIMEOUT', before);
  });

  test.each([
    [429, 'PROVIDER_RATE_LIMITED'],
    [500, 'PROVIDER_FAILED'],
    [503, 'PROVIDER_FAILED'],
  ] as const)('status %i is tried again, and a typed failure when it stays', async (status, code) => {
    const [healed, stays] = await Promise.all([
      hear(`${title}-slowly?status=${status}&retry=0&times=2`),
      hear(`${title}-slowly?status=${status}`),
    ]);
    expectWhole(healed, whole);
    expect(healed.records.flatMap((record) => (record.kind === 'step.retried' ? [record.data.error.code] : []))).toEqual([code, code]);
    expectTyped(stays, code, nothing);
  });
});

test('Retry-After is waited for', async () => {
  const { title, whole } = cases[0] as Recorded;
  const started = performance.now();
  expectWhole(await hear(`${title}-slowly?status=503&retry=1&times=2`), whole);
  expect(performance.now() - started).toBeGreaterThanOrEqual(2_000);
});

test('a model that nobody knows is a clear error, whoever says so', async () => {
  const ours = await hear('nobody-has-this');
  expect(ours.result).toMatchObject({ status: 'failed', error: { code: 'NOT_FOUND' } });
  expect(ours.result.error?.message).toContain('nobody-has-this');
  for (const wire of wires) {
    const theirs = await hear(`stranger-${wire}`);
    expect(theirs.result).toMatchObject({ status: 'failed', error: { code: 'NOT_FOUND' } });
    expect(theirs.result.error?.message).toContain('no-such-model');
  }
});

describe.skipIf(provider === undefined)('with our own provider', () => {
  test.each(cases.filter(({ whole }) => whole.text !== ''))('$title: one delta of a million bytes', async ({ title, whole }) => {
    const bytes = 1_000_000;
    const heard = await hear(`${title}-slowly?bigtoken=${bytes}`);
    expectWhole(heard, { ...whole, text: 'x'.repeat(bytes) + whole.text });
  });

  /** What the provider gave to a model that is asked with these options. */
  const answersTo = ({ name, wire }: Recorded, options: string) =>
    provider?.ledger().filter(({ model }) => model === `${name}?as=${wire}&${options}`) ?? [];
  const isPlain = ({ whole }: Recorded): boolean => whole.thinking === '' && whole.end.toolCalls.length === 0;

  test.each(cases.filter((one) => isPlain(one) && canGoOn(one.wire)))(
    '$title: a second answer that differs takes the place of the first from where it differs',
    async (one) => {
      const options = `vary&cut=${one.half}&times=1`;
      const heard = await hear(`${one.title}-slowly?${options}`);
      const answers = answersTo(one, options);
      expect(answers).toHaveLength(2);
      expect(heard.text).toBe(answers.at(-1)?.full);
      expect(heard.result.status).toBe('completed');
      expect(heard.records.filter((record) => record.kind === 'step.started' && record.data.supersedes === 1)).toHaveLength(1);
    },
  );

  describe.each(cases.filter(({ wire }) => wire === 'openai-responses'))('$title', (one) => {
    test('what the provider keeps is read again, not asked again, also where no two answers are the same', async () => {
      const options = `vary&cut=${one.half}&times=2`;
      const heard = await hear(`${one.title}-slowly?${options}`);
      const [first, ...others] = answersTo(one, options);
      expect(others.map(({ response, again }) => ({ response, again }))).toEqual([
        { response: first?.response, again: true },
        { response: first?.response, again: true },
      ]);
      expect(heard.text).toBe(first?.full);
      expect(heard.result).toMatchObject({ status: 'completed', usage: one.whole.end.usage });
      expect(heard.records.filter((record) => record.kind === 'step.started')).toHaveLength(1);
      expect(heard.records.flatMap((record) => (record.kind === 'step.resumed' ? [record.data.by] : []))).toEqual(['attach', 'attach']);
    });

    test('what the provider has forgotten is asked again', async () => {
      const options = `forget&cut=${one.half}&times=1`;
      const heard = await hear(`${one.title}-slowly?${options}`);
      expectWhole(heard, one.whole);
      expect(answersTo(one, options).map(({ again }) => again)).toEqual([undefined, undefined]);
    });
  });
});
