/** Files that were damaged, cut or taken, and a disk without space: a typed error, or exactly the right bytes. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import { type ErrorCode, isErrorCode, OpenClawError } from '@openclaw-runtime/protocol';
import { openSqliteStore, runKey, type Store } from '@openclaw-runtime/store';
import { OpenClawClient } from 'openclaw-runtime';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Claw, startClaw, tryClaw } from './claw.ts';
import { type Folder, makeFolder } from './folder.ts';
import { fetchJson } from './http.ts';
import { ask } from './listen.ts';

const MODEL = 'simulated?tokens=300&ms=0';
const folder = makeFolder();
afterAll(() => folder[Symbol.dispose]());

/** What the runs of a data folder are, as a server gave them out before anything happened. */
interface Truth {
  readonly data: string;
  readonly runs: readonly { readonly run: string; readonly key: string; readonly input: string; readonly records: readonly string[] }[];
}

/** A folder whose server was stopped (all in the database), and one whose server was killed (much in the write-ahead log). */
const truths: Record<'stopped' | 'killed', Truth> = { stopped: { data: '', runs: [] }, killed: { data: '', runs: [] } };

beforeAll(async () => {
  for (const [name, signal] of [
    ['stopped', 'SIGTERM'],
    ['killed', 'SIGKILL'],
  ] as const) {
    const data = folder.in(`${name}/data`);
    truths[name] = { data, runs: await fill(data, signal) };
  }
});

async function fill(data: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<Truth['runs']> {
  await using claw = await startClaw({ data });
  const client = new OpenClawClient();
  await client.connect(claw.url);
  const runs = [];
  for (let i = 0; i < 12; i++) {
    const key = `key-${i}`;
    const run = client.run({ input: `Question ${i}.`, model: MODEL, idempotencyKey: key, session: i < 4 ? 's' : (undefined as never) });
    await run.result();
    runs.push({ run: run.id as string, key, input: `Question ${i}.`, records: [] as string[] });
  }
  client.close();
  await claw.stop(signal);
  const kept = `${data}.kept`;
  cpSync(data, kept, { recursive: true });
  const store = await openSqliteStore({ folder: kept });
  for (const run of runs) run.records.push(...(await recordsOf(store, run.run)));
  await store.close();
  return runs;
}

async function recordsOf(store: Store, run: string): Promise<string[]> {
  const records: string[] = [];
  for (;;) {
    const { chunk } = await store.runs.read(runKey('default', run), records.length, 1 << 20);
    if (!chunk) return records;
    records.push(...(JSON.parse(`[${chunk.body}]`) as unknown[]).map((record) => JSON.stringify(record)));
  }
}

type Verdict = 'right' | 'shorter' | ErrorCode;

/** Opens a damaged folder and reads every run: each is right, typed as an error, or the log's beginning. Anything else throws. */
async function judge(data: string, truth: Truth): Promise<Map<Verdict, number>> {
  const verdicts = new Map<Verdict, number>();
  const count = (verdict: Verdict): void => void verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
  const typed = (error: unknown): void => {
    if (!(error instanceof OpenClawError) || error.code === 'INTERNAL' || !isErrorCode(error.code)) throw error;
    count(error.code);
  };
  let store: Store;
  try {
    store = await openSqliteStore({ folder: data });
  } catch (error) {
    typed(error);
    return verdicts;
  }
  for (const { run, key, records } of truth.runs) {
    try {
      if (store.runId('default', key) !== run) throw new Error('the run of an idempotency key is another one');
      const found = await recordsOf(store, run);
      expect(found).toEqual(records.slice(0, found.length));
      const { head } = await store.runs.read(runKey('default', run), 0, 1);
      expect(head).toMatchObject({ seq: found.length, done: found.length === records.length });
      count(found.length === records.length ? 'right' : 'shorter');
    } catch (error) {
      typed(error);
    }
  }
  await store.close().catch(typed);
  return verdicts;
}

function copyOf(truth: Truth, work: Folder): string {
  const data = work.in('data');
  cpSync(truth.data, data, { recursive: true });
  return data;
}

describe.each(['stopped', 'killed'] as const)('a folder whose server was %s', (name) => {
  test('as it is, everything is right', async () => {
    using work = makeFolder();
    expect(await judge(copyOf(truths[name], work), truths[name])).toEqual(new Map([['right', 12]]));
  });

  test('one bit flipped, at many places: never a wrong byte', { timeout: 600_000 }, async () => {
    const seed = Number(process.env['OPENCLAW_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    const random = seededRandom(seed);
    const total = new Map<Verdict, number>();
    for (let i = 0; i < 60; i++) {
      using work = makeFolder();
      const data = copyOf(truths[name], work);
      const file = join(data, i % 2 === 0 || !existsSync(join(data, 'openclaw.db-wal')) ? 'openclaw.db' : 'openclaw.db-wal');
      const where = flipBit(file, random);
      try {
        for (const [verdict, n] of await judge(data, truths[name])) total.set(verdict, (total.get(verdict) ?? 0) + n);
      } catch (error) {
        throw new Error(`seed ${seed}, flip ${i}: ${where}: ${(error as Error).message}`, { cause: error });
      }
    }
    console.log(`seed ${seed}, ${name}: ${JSON.stringify(Object.fromEntries(total))}`);
    expect(total.get('right')).toBeGreaterThan(0);
  });

  test('a file cut at many places: never a wrong byte', { timeout: 300_000 }, async () => {
    for (const file of ['openclaw.db', 'openclaw.db-wal']) {
      for (const share of [0, 0.1, 0.5, 0.9, 0.999]) {
        using work = makeFolder();
        const data = copyOf(truths[name], work);
        const path = join(data, file);
        if (!existsSync(path)) continue;
        truncateSync(path, Math.floor(statSync(path).size * share));
        await judge(data, truths[name]);
      }
    }
  });
});

/** Flips one bit of a byte that is not zero: most of a young file is empty. */
function flipBit(file: string, random: { float(): number }): string {
  const bytes = readFileSync(file);
  let at: number;
  do at = Math.floor(random.float() * bytes.length);
  while (bytes[at] === 0);
  const bit = Math.floor(random.float() * 8);
  bytes[at] = (bytes[at] as number) ^ (1 << bit);
  writeFileSync(file, bytes);
  return `${file.slice(file.lastIndexOf('/') + 1)} byte ${at} bit ${bit}`;
}

describe('a server that cannot serve its folder says so in one line and ends', () => {
  async function refused(data: string): Promise<string> {
    const ended = await tryClaw({ data });
    if ('url' in ended) {
      await ended.stop('SIGKILL');
      throw new Error('the server started');
    }
    expect(ended.code).toBe(1);
    const lines = ended.complaints.trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    return lines[0] as string;
  }

  test('DATA_DAMAGED: no database', async () => {
    using work = makeFolder();
    mkdirSync(work.in('data'));
    writeFileSync(work.in('data/openclaw.db'), 'This is no database, and was never one. '.repeat(1_000));
    const line = await refused(work.in('data'));
    expect(line).toContain('DATA_DAMAGED');
    expect(line).toMatch(/claw verify.*claw restore/);
  });

  test('DATA_FORMAT: a folder of a version to come', async () => {
    using work = makeFolder();
    const data = copyOf(truths.stopped, work);
    const db = new DatabaseSync(join(data, 'openclaw.db'));
    db.exec('PRAGMA user_version = 999');
    db.close();
    expect(await refused(data)).toContain('DATA_FORMAT');
  });

  test('DATA_LOCKED: a folder that another server has, which goes on', async () => {
    using work = makeFolder();
    await using claw = await startClaw({ data: work.in('data') });
    expect(await refused(work.in('data'))).toContain('DATA_LOCKED');
    expect(await fetchJson(`${claw.http}/readyz`)).toMatchObject({ status: 200 });
  });
});

test('a run at work whose records were changed: it ends as needs_attention, its neighbour goes on, and the operator is told', async () => {
  using work = makeFolder();
  const data = work.in('data');
  await using claw = await startClaw({ data });
  const client = new OpenClawClient({ reconnectDelay: 50, maxReconnectAttempts: 100 });
  onTestFinished(() => client.close());
  await client.connect(claw.url);
  const model = 'simulated?tokens=60&ms=8000&ttft=1';
  const [lost, kept] = ['Lose me.', 'Keep me.'].map((input) => client.run({ input, model, tokenInterval: 0 }));
  const results = Promise.all([lost?.result(), kept?.result()]);
  await textOfLength(client, 300);
  await claw.stop('SIGKILL');
  const db = new DatabaseSync(join(data, 'openclaw.db'));
  const id = await lost?.started;
  const { body } = db.prepare('SELECT body FROM journal WHERE body LIKE ? ORDER BY id LIMIT 1 OFFSET 3').get(`%${id}%`) as { body: string };
  const line = body.split('\n').find((each) => each.includes(id as string)) as string;
  db.prepare('UPDATE journal SET body = replace(body, ?, ?)').run(line, line.replace('["text",1,1,"', '["text",1,1,"!'));
  db.close();

  await using again = await startClaw({ data, port: claw.port });
  const [ended, whole] = await results;
  expect(ended).toMatchObject({ status: 'needs_attention', error: { code: 'DATA_DAMAGED' } });
  expect(whole).toMatchObject({ status: 'completed' });
  expect(whole?.text).toBe((await ask(client, { input: 'Keep me.', model: 'simulated?tokens=60&ms=0', tokenInterval: 0 })).text);
  expect(lost?.cursor?.epoch).toBeGreaterThan(1);
  expect(again.complaints()).toContain(`run ${id}: records`);
});

test('a client that is ahead of a log which lost its end gets a reset, and then what there is', async () => {
  using work = makeFolder();
  const data = work.in('data');
  let claw = await startClaw({ data });
  const { port } = claw;
  onTestFinished(async () => void (await claw.stop('SIGKILL')));
  const client = new OpenClawClient({ reconnectDelay: 50, maxReconnectAttempts: 100 });
  onTestFinished(() => client.close());
  await client.connect(claw.url);
  const model = 'simulated?tokens=60&ms=8000&ttft=1';
  const run = client.run({ input: 'Lose me.', model, tokenInterval: 0 });
  const result = run.result();
  await run.started;
  await textOfLength(client, 30);
  cpSync(data, work.in('earlier'), { recursive: true });
  await textOfLength(client, 150);
  const seen = run.cursor?.seq ?? 0;
  await claw.stop('SIGKILL');
  rmSync(data, { recursive: true });
  cpSync(work.in('earlier'), data, { recursive: true });

  const rewinds: number[] = [];
  client.on('rewind', ({ step }) => rewinds.push(step));
  claw = await startClaw({ data, port });
  const ended = await result;
  expect(seen).toBeGreaterThan(10);
  expect(ended.text).toBe((await ask(client, { input: 'Lose me.', model: 'simulated?tokens=60&ms=0', tokenInterval: 0 })).text);
  expect(run.cursor?.epoch).toBe(2);
});

function textOfLength(client: OpenClawClient, chars: number): Promise<void> {
  return new Promise((resolve) => {
    let length = 0;
    const count = (text: string): void => {
      length += text.length;
      if (length < chars) return;
      client.off('token', count);
      resolve();
    };
    client.on('token', count);
  });
}

/** A small file system of its own. Only a privileged process may mount one. */
function mountSmall(path: string, megabytes: number): boolean {
  mkdirSync(path, { recursive: true });
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path]).status === 0;
}

test('a full disk: new runs get STORE_FULL, and with space again work goes on and nothing is lost', { timeout: 120_000 }, async ({
  skip,
}) => {
  const work = makeFolder();
  onTestFinished(() => work[Symbol.dispose]());
  const disk = work.in('disk');
  if (process.platform !== 'linux' || !mountSmall(disk, 12)) skip('needs the right to mount a small file system');
  onTestFinished(() => void execFileSync('umount', ['-l', disk]));
  const data = join(disk, 'data');
  let claw: Claw = await startClaw({ data: data });
  onTestFinished(async () => void (await claw.stop('SIGKILL')));
  const { port } = claw;
  const client = new OpenClawClient({ reconnectDelay: 50, maxReconnectAttempts: 100 });
  onTestFinished(() => client.close());
  await client.connect(claw.url);

  const acknowledged: { readonly input: string; readonly text: string; readonly key: string }[] = [];
  const say = async (n: number): Promise<void> => {
    const asked = { input: `Fill ${n}.`, model: 'simulated?tokens=200&ms=0', idempotencyKey: `fill-${n}` };
    const { result } = await ask(client, asked);
    if (result.status !== 'completed') throw OpenClawError.fromBody(result.error ?? { code: 'INTERNAL', message: 'no error' });
    acknowledged.push({ input: asked.input, key: asked.idempotencyKey, text: result.text });
  };

  for (let n = 0; n < 5; n++) await say(n);
  const slow = client.run({ input: 'Slow.', model: 'simulated?tokens=400&ms=3000', tokenInterval: 0, idempotencyKey: 'slow' });
  await slow.started;
  const ballast = join(disk, 'ballast');
  spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4096']);
  let refusal: unknown;
  for (let n = 5; refusal === undefined && n < 200; n++) {
    // One that was taken before the disk was full waits for space; the next one is refused.
    refusal = await Promise.race([
      say(n).then(
        () => undefined,
        (error: unknown) => error,
      ),
      systemSleep(5_000),
    ]);
  }
  expect(refusal).toMatchObject({ code: 'STORE_FULL' });
  expect(await fetchJson(`${claw.http}/v1/runs`, { method: 'POST', json: { input: 'And over HTTP?' } })).toMatchObject({
    status: 507,
    body: { error: { code: 'STORE_FULL' } },
  });

  rmSync(ballast);
  const whole = await slow.result();
  expect(whole).toMatchObject({ status: 'completed' });
  await say(1_000);
  expect(whole.text).toBe((await ask(client, { input: 'Slow.', model: 'simulated?tokens=400&ms=0' })).text);

  await claw.stop('SIGKILL');
  claw = await startClaw({ data, port });
  for (const { input, key, text } of acknowledged) {
    const again = await ask(client, { input, model: 'simulated?tokens=200&ms=0', idempotencyKey: key });
    expect(again.text).toBe(text);
  }
});

function systemSleep(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(ms, resolve));
}
