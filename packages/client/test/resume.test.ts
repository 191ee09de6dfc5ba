import { seededRandom } from '@openclaw-runtime/kit';
import { applyRecord, type Batch, emptyFold, foldText, type RunFold } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { OpenClawClient, type Run, type SavedRun } from '../src/index.ts';
import { type FakePeer, openFakePeer, RUN, type Session } from './fake-peer.ts';
import { type Log, randomLog, saying } from './log.ts';
import { watch } from './screen.ts';

const log = saying('a', 'b', 'c', 'd');

/** Answers the next attach as a server with `log` does. */
async function serve(session: Session, log: Log, epoch = 1): Promise<Record<string, unknown>> {
  const attach = await session.take('attach');
  const { ch, after = 0 } = attach;
  session.send({ t: 'attached', ch, run: RUN, epoch, mode: 'replay', from: after, head: log.head, done: true });
  if (after < log.head) session.batches(log.batch(ch, after + 1));
  return { ...attach };
}

/** What an application keeps that dies after `seq`, having iterated. */
async function savedAt(peer: FakePeer, seq: number): Promise<SavedRun> {
  const client = new OpenClawClient();
  void client.connect(peer.url);
  const run = client.attach(RUN);
  const session = await peer.welcome();
  await serve(session, log);
  for await (const item of run) if (item.seq === seq) break;
  const saved = JSON.parse(JSON.stringify(run.save())) as SavedRun;
  client.close();
  return saved;
}

async function seqsOf(run: Run): Promise<number[]> {
  const seqs: number[] = [];
  for await (const item of run) seqs.push(item.seq);
  return seqs;
}

test('an id is followed from the start', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  void client.connect(peer.url);
  const run = client.attach(RUN);
  expect(run.id).toBe(RUN);
  const attach = await serve(await peer.welcome(), log);
  expect(attach).toEqual({ t: 'attach', ch: attach.ch, run: RUN });
  expect(await seqsOf(run)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(await run.text()).toBe('abcd');
  client.close();
});

test('what save() gave resumes in another process: records after it only, the result whole', async () => {
  await using peer = await openFakePeer();
  const saved = await savedAt(peer, 4);
  expect(saved).toMatchObject({ run: RUN, epoch: 1, seq: 4, h: log.h(4), agent: 'default' });
  const client = new OpenClawClient();
  const screen = watch(client);
  void client.connect(peer.url);
  const run = client.attach(saved);
  const attach = await serve(await peer.welcome(), log);
  expect(attach).toMatchObject({ epoch: 1, after: 4, h: log.h(4) });
  expect(await run.text()).toBe('abcd');
  expect(await seqsOf(run)).toEqual([5, 6, 7, 8]);
  expect(screen.tokens).toEqual(['c', 'd']);
  client.close();
});

test('a cursor resumes too: the records before it are fetched, and told to nobody', async () => {
  await using peer = await openFakePeer();
  const { run: id, epoch, seq, h } = await savedAt(peer, 5);
  const client = new OpenClawClient();
  const screen = watch(client);
  void client.connect(peer.url);
  const run = client.attach({ run: id, epoch, seq, h: h as number });
  expect(run.cursor).toEqual({ run: id, epoch, seq, h });
  const attach = await serve(await peer.welcome(), log);
  expect(attach.after).toBeUndefined();
  expect(await run.text()).toBe('abcd');
  expect(await seqsOf(run)).toEqual([6, 7, 8]);
  expect(run.save()).toMatchObject({ seq: 8, fold: { steps: [{ text: 'abcd' }] } });
  expect(screen.tokens).toEqual(['d']);
  client.close();
});

test('a cursor of a log that is no more: all is taken back and told again', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  const screen = watch(client);
  void client.connect(peer.url);
  const run = client.attach({ run: RUN, epoch: 1, seq: 5, h: 99 });
  await serve(await peer.welcome(), log, 2);
  expect(await run.text()).toBe('abcd');
  expect(screen.rewinds).toEqual([{ run: RUN, step: 0, keep: 0, keepThinking: 0 }]);
  expect(screen.text).toBe('abcd');
  client.close();
});

test('a run that was saved at its end is ended as soon as it is attached', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  void client.connect(peer.url);
  const run = client.attach({ run: RUN, epoch: 1, seq: log.head, h: log.h(log.head), fold: log.fold() });
  await serve(await peer.welcome(), log);
  expect(await run.text()).toBe('abcd');
  expect(await seqsOf(run)).toEqual([]);
  client.close();
});

test('the cursor follows the events where nobody iterates, and never passes text that is held back', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient({ tokenBatchSize: 2, tokenBatchDelay: 60_000 });
  void client.connect(peer.url);
  const run = client.attach(RUN);
  const cursors: [string, number | undefined][] = [];
  client.on('token', (text) => cursors.push([text, run.cursor?.seq]));
  const session = await peer.welcome();
  const { ch } = await session.take('attach');
  session.send({ t: 'attached', ch, run: RUN, epoch: 1, mode: 'replay', from: 0, head: 4, done: false });
  session.batches(log.batch(ch, 1, 4));
  const feedback = run.feedback(1);
  session.send({ t: 'ok', id: (await session.take('command')).id });
  await feedback;
  expect(cursors).toEqual([['a', 2]]);
  expect(run.cursor?.seq).toBe(3);
  session.batches(log.batch(ch, 5));
  await run.result();
  expect(cursors.map(([text]) => text)).toEqual(['a', 'bc', 'd']);
  expect(run.cursor?.seq).toBe(log.head);
  client.close();
});

test('an application that dies at any record and resumes has each record once', async () => {
  await using peer = await openFakePeer();
  const seed = Math.floor(Math.random() * 1e6);
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  const whole = randomLog(seed);
  const fold: RunFold = emptyFold();
  let saved: SavedRun = { run: RUN, epoch: 1, seq: 0 };
  while (fold.seq < whole.head) {
    const client = new OpenClawClient();
    void client.connect(peer.url);
    const run = client.attach(saved);
    await serve(await peer.welcome(), whole);
    for await (const item of run) {
      if (item.kind === 'snapshot') throw new Error('no snapshot was sent');
      applyRecord(fold, item);
      saved = JSON.parse(JSON.stringify(run.save())) as SavedRun;
      if (random.float() < 0.3) break;
    }
    expect(saved.seq).toBe(fold.seq);
    client.close();
  }
  expect(fold).toEqual(whole.fold());
});

test('whatever a connection does to its batches, the run ends equal to the log', async () => {
  const seed = Math.floor(Math.random() * 1e6);
  console.log(`seed ${seed}`);
  for (let n = 0; n < 25; n++) {
    await using peer = await openFakePeer();
    const random = seededRandom(seed + n);
    const whole = randomLog(seed + n);
    const client = new OpenClawClient({ reconnectDelay: 1, maxReconnectAttempts: 1000 });
    const screen = watch(client);
    void client.connect(peer.url);
    const run = client.attach(RUN);
    const stop = new AbortController();
    void misbehave(peer, whole, () => random.float(), stop.signal);
    expect(await run.text()).toBe(foldText(whole.fold()));
    stop.abort();
    expect(screen.text).toBe(foldText(whole.fold()));
    expect(await seqsOf(run)).toEqual(whole.records.map((_, i) => i + 1));
    client.close();
  }
});

/** Serves the log, but drops connections, doubles batches, leaves some out and sends some backwards. */
async function misbehave(peer: FakePeer, whole: Log, dice: () => number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const session = await peer.welcome();
    for (let moves = 1 + Math.floor(dice() * 3); moves > 0; moves--) {
      const frame = await Promise.race([session.next(), session.gone]);
      if (!frame) return;
      if (frame.t !== 'attach') continue;
      const { ch, after = 0 } = frame;
      session.send({ t: 'attached', ch, run: RUN, epoch: 1, mode: 'replay', from: after, head: whole.head, done: true });
      let batches = cut(whole, ch, after, dice);
      if (dice() < 0.3) batches = batches.flatMap((batch) => [batch, batch]);
      if (dice() < 0.3) batches = batches.filter(() => dice() < 0.7);
      if (dice() < 0.2) batches.reverse();
      for (const batch of batches) session.batches(batch);
      session.send({ t: 'hb', heads: [[ch, whole.head]] });
    }
    session.drop();
  }
}

function cut(whole: Log, ch: number, after: number, dice: () => number): Batch[] {
  const batches: Batch[] = [];
  for (let first = after + 1; first <= whole.head; ) {
    const last = Math.min(whole.head, first + Math.floor(dice() * 4));
    batches.push(whole.batch(ch, first, last));
    first = last + 1;
  }
  return batches;
}
