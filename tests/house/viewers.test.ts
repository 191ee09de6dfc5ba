/** Who watches a run, by whatever way and however slowly, sees the log and nothing else. */
import { encodeCursor } from '@openclaw-runtime/protocol';
import { OpenClawClient } from 'openclaw-runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { fetchEvents, fetchJson, type ServerEvent } from './http.ts';
import { listen } from './listen.ts';
import { viewRaw } from './raw-viewer.ts';

const folder = makeFolder();
let claw: Claw;
const client = new OpenClawClient();

beforeAll(async () => {
  claw = await startClaw({ data: folder.in('data'), flags: ['--max-old-space-size=256', '--max-semi-space-size=4'] });
  await client.connect(claw.url);
});

afterAll(async () => {
  client.close();
  await claw?.stop('SIGKILL');
  folder[Symbol.dispose]();
});

const MIB = 1024 * 1024;
const inMb = (bytes: number): string => (bytes / 1e6).toFixed(0);

/** Long enough to be joined on its way: 60 tokens over 600 ms. */
const MODEL = 'simulated?tokens=60&ms=600&thinking=5';

test('two clients on one run see the same records, the second from the start, by whatever way', async () => {
  await using other = await connected();
  const first = client.run({ input: 'Who watches?', model: MODEL, tokenInterval: 0 });
  const run = await first.started;
  using raw = await viewRaw(claw.url, run);
  const [mine, theirs, events] = await Promise.all([
    listen(first),
    listen(other.client.attach(run)),
    fetchEvents(`${claw.http}/v1/runs/${run}/events`),
    raw.logs[0]?.done,
  ]);
  expect(theirs.records).toEqual(mine.records);
  expect(raw.logs[0]?.records.map((record) => (JSON.parse(record) as unknown[])[3])).toEqual(mine.records.map(({ data }) => data));
  expect(events.events.map(({ data }) => data['data'])).toEqual(mine.records.map(({ data }) => data));
  expect(mine.text.length).toBeGreaterThan(100);
});

test('viewers that do not read cost bounded memory, disturb nobody, and get every record later', async () => {
  const viewers = 16;
  const ended = 4;
  const bigRun = () => client.run({ input: 'Much.', model: 'simulated?tokens=1000000&ms=0&ttft=300', tokenInterval: 0 });
  const runs: string[] = [];
  let chars = 0;
  for (let i = 0; i < ended; i++) {
    const run = bigRun();
    runs.push(await run.started);
    chars += (await run.text()).length;
  }
  const before = claw.rssBytes();

  const live = bigRun();
  const id = await live.started;
  const slow = await Promise.all(
    Array.from({ length: viewers }, async () => {
      const viewer = await viewRaw(claw.url, id, ...runs);
      viewer.pause();
      return viewer;
    }),
  );
  using fast = await viewRaw(claw.url, id);
  const [heard] = await Promise.all([listen(live), fast.logs[0]?.done]);
  chars += heard.text.length;
  const grown = claw.rssBytes() - before;
  expect(fast.logs[0]?.text() === heard.text).toBe(true);
  expect(slow.filter(({ logs }) => logs.every(({ records }) => records.at(-1)?.startsWith('["run.finished"')))).toEqual([]);

  // 1 MiB and a frame of 256 KiB may be unsent for each viewer; the rest is room for the collector of garbage. In queues it would be all of their runs.
  const bound = viewers * 1.25 * MIB + 160 * MIB;
  console.log(`${viewers} viewers of ${inMb(chars)} MB each that do not read: ${inMb(grown)} MB more, bound ${inMb(bound)} MB`);
  expect(grown).toBeLessThan(bound);
  expect(viewers * chars).toBeGreaterThan(2 * bound);

  const [patient, ...others] = slow;
  for (const other of others) other[Symbol.dispose]();
  patient?.resume();
  await Promise.all(patient?.logs.map(({ done }) => done) ?? []);
  expect(patient?.logs[0]?.records).toEqual(fast.logs[0]?.records);
  expect(patient?.logs.reduce((sum, log) => sum + log.text().length, 0)).toBe(chars);
  patient?.[Symbol.dispose]();
});

test('HTTP: a run is started and streamed in one response, and its end is the stream’s', async () => {
  const asked = { method: 'POST', json: { input: 'Hello.', model: MODEL } } as const;
  const { status, headers, events } = await fetchEvents(`${claw.http}/v1/runs`, asked);
  expect(status).toBe(200);
  expect(headers['content-type']).toBe('text/event-stream');
  const run = /^\/v1\/runs\/(.{22})$/.exec(headers.location ?? '')?.[1];
  expect(events.map(({ event }) => event)).toEqual(
    expect.arrayContaining(['run.created', 'step.started', 'thinking', 'text', 'step.ended', 'run.finished']),
  );
  events.forEach((event, i) => {
    expect(event).toMatchObject({ id: encodeCursor(1, i + 1), event: event.data['kind'], data: { seq: i + 1 } });
  });
  const said = textOf(events);
  const { body } = await fetchJson(`${claw.http}/v1/runs/${run}`);
  expect(body).toMatchObject({ run, epoch: 1, head: events.length, status: 'completed', text: said, toolCalls: [] });
});

test('HTTP: from every position, by header or by query, follows exactly the rest', async () => {
  const started = await fetchJson(`${claw.http}/v1/runs`, {
    method: 'POST',
    json: { input: 'Again.', model: 'simulated?tokens=30&ms=60', tokenInterval: 0 },
  });
  expect(started).toMatchObject({ status: 201, body: { epoch: 1, head: 1, done: false } });
  const url = `${claw.http}${started.headers.location}/events`;
  const { events } = await fetchEvents(url);
  expect(events.length).toBeGreaterThan(10);
  for (let seq = 0; seq <= events.length; seq++) {
    const cursor = encodeCursor(1, seq);
    const [header, query] = await Promise.all([
      fetchEvents(url, { headers: { 'last-event-id': cursor } }),
      fetchEvents(`${url}?starting_after=${cursor}`),
    ]);
    expect(header.events).toEqual(events.slice(seq));
    expect(query.events).toEqual(events.slice(seq));
  }
});

test('HTTP: a reader that breaks off in the middle of a live run goes on from its last event', async () => {
  const started = await fetchJson(`${claw.http}/v1/runs`, { method: 'POST', json: { input: 'On.', model: MODEL, tokenInterval: 0 } });
  const url = `${claw.http}${started.headers.location}/events`;
  const seen: ServerEvent[] = [];
  for (let more = true; more; ) {
    let count = 0;
    const last = seen.at(-1)?.id;
    const { events } = await fetchEvents(url, last === undefined ? {} : { headers: { 'last-event-id': last } }, () => ++count === 7);
    seen.push(...events);
    more = seen.at(-1)?.event !== 'run.finished';
  }
  expect(seen).toEqual((await fetchEvents(url)).events);
});

test('HTTP: a cursor of another epoch, or ahead of the log, gets a reset and everything', async () => {
  const started = await fetchJson(`${claw.http}/v1/runs`, { method: 'POST', json: { input: 'Reset.', model: 'simulated?tokens=5&ms=0' } });
  const url = `${claw.http}${started.headers.location}/events`;
  const { events } = await fetchEvents(url);
  const foreign = await fetchEvents(url, { headers: { 'last-event-id': encodeCursor(9, 2) } });
  expect(foreign.events[0]).toEqual({ event: 'reset', data: { epoch: 1 } });
  expect(foreign.events.slice(1)).toEqual(events);
  const ahead = await fetchEvents(url, { headers: { 'last-event-id': encodeCursor(1, 1_000) } });
  expect(ahead.events).toEqual(foreign.events);
  const nonsense = await fetchJson(url, { headers: { 'last-event-id': 'yesterday' } });
  expect(nonsense).toMatchObject({ status: 400, body: { error: { code: 'BAD_REQUEST' } } });
});

test('HTTP: cancel is accepted once per key and ends the run', async () => {
  const started = await fetchJson(`${claw.http}/v1/runs`, {
    method: 'POST',
    json: { input: 'Stop.', model: 'simulated?tokens=1000&ms=60000' },
  });
  const url = `${claw.http}${started.headers.location}`;
  const cancel = (key: string) => fetchJson(`${url}/cancel`, { method: 'POST', headers: { 'idempotency-key': key } });
  const first = await cancel('stop-1');
  expect(first).toMatchObject({ status: 202, body: { id: 'stop-1' } });
  const { events } = await fetchEvents(`${url}/events`);
  expect(events.at(-1)).toMatchObject({ event: 'run.finished', data: { data: { status: 'cancelled', by: 'stop-1' } } });
  expect((await fetchJson(url)).body).toMatchObject({ status: 'cancelled', by: 'stop-1' });
  expect(await cancel('stop-1')).toMatchObject({ status: 202, body: { id: 'stop-1', dup: true } });
  expect(await cancel('stop-2')).toMatchObject({ status: 409, body: { error: { code: 'RUN_FINISHED' } } });
});

test('HTTP: what is not there, and what is not allowed', async () => {
  const nobody = 'A'.repeat(22);
  expect(await fetchJson(`${claw.http}/v1/runs/${nobody}`)).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } });
  expect(await fetchJson(`${claw.http}/v1/runs/${nobody}/events`)).toMatchObject({ status: 404 });
  expect(await fetchJson(`${claw.http}/v1/runs/${nobody}/cancel`, { method: 'POST' })).toMatchObject({ status: 404 });
  expect(await fetchJson(`${claw.http}/v1/runs/..%2f..%2fetc`)).toMatchObject({ status: 404 });
  expect(await fetchJson(`${claw.http}/v1/runs/${nobody}/cancel`)).toMatchObject({
    status: 405,
    body: { error: { code: 'METHOD_NOT_ALLOWED' } },
  });
  expect(await fetchJson(`${claw.http}/healthz`)).toMatchObject({ status: 200 });
  expect(await fetchJson(`${claw.http}/readyz`)).toMatchObject({ status: 200, body: { ready: true } });
});

function textOf(events: readonly ServerEvent[]): string {
  return events.flatMap(({ event, data }) => (event === 'text' ? [data['data'] as string] : [])).join('');
}

async function connected(): Promise<AsyncDisposable & { readonly client: OpenClawClient }> {
  const another = new OpenClawClient();
  await another.connect(claw.url);
  return {
    client: another,
    async [Symbol.asyncDispose]() {
      another.close();
    },
  };
}
