import {
  applyRecord,
  decodeRecord,
  emptyFold,
  encodeRecord,
  NO_USAGE,
  PROTOCOL_VERSION,
  type WireRecord,
} from '@openclaw-runtime/protocol';
import { createMemoryStore, type RunKey, runKey, type Snapshot, type Store } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { FINISHED, HELLO, type Log, openRig } from './rig.ts';

const start = (ch: number, idem: string, more: object = {}): object => ({ t: 'start', ch, idem, run: { input: 'hi' }, ...more });
const UNKNOWN = 'A'.repeat(22);

describe('2 transport', () => {
  test('2.1 the subprotocol is agreed on, and only the path / is a WebSocket', async () => {
    await using rig = await openRig();
    const peer = await rig.dial();
    expect(peer.socket.protocol).toBe('openclaw-runtime.v1');
    await expect(rig.dialStranger({}, '/elsewhere')).rejects.toThrow(/^404 .*NOT_FOUND/);
    await rig.dialStranger({}, '/?region=eu');
  });

  test('2.4 welcome names the version, the server and its limits', async () => {
    await using rig = await openRig();
    const peer = await rig.dialStranger();
    peer.send(HELLO);
    expect(await peer.next('welcome')).toEqual({
      t: 'welcome',
      v: PROTOCOL_VERSION,
      server: 'test',
      limits: { maxFrameBytes: 1_048_576, maxChannels: 10_000, heartbeatMs: 15_000 },
    });
  });

  test.each([
    ['another version', { ...HELLO, v: PROTOCOL_VERSION + 1 }, 'UNSUPPORTED_VERSION', 4406],
    ['another version with fields of its own', { t: 'hello', v: PROTOCOL_VERSION + 1, codecs: [] }, 'UNSUPPORTED_VERSION', 4406],
    ['a hello of this version with a field it does not have', { ...HELLO, codecs: [] }, 'BAD_FRAME', 4400],
    ['a frame before hello', start(1, 'a'), 'UNAUTHENTICATED', 4401],
    ['a hello of more than 8 KiB', `${JSON.stringify(HELLO)}${' '.repeat(8 * 1024)}`, 'UNAUTHENTICATED', 4401],
  ])('2.4 %s is refused', async (_name, frame, code, close) => {
    await using rig = await openRig();
    const peer = await rig.dialStranger();
    peer.send(frame);
    expect(await peer.next('err')).toMatchObject({ code });
    expect(await peer.closed).toEqual([close, code]);
  });

  test('2.4 frames sent right behind hello, without waiting for welcome, are served, however long', async () => {
    await using rig = await openRig();
    const peer = await rig.dialStranger();
    peer.send(HELLO);
    peer.send({ t: 'start', ch: 1, idem: 'a', run: { input: 'x'.repeat(100_000) } });
    expect(await peer.next('welcome')).toMatchObject({ v: PROTOCOL_VERSION });
    expect(await peer.next('started')).toMatchObject({ ch: 1 });
  });

  test('2.5 what concerns one channel or command leaves the connection', async () => {
    await using rig = await openRig();
    const peer = await rig.dial();
    const errors = [
      [
        { t: 'attach', ch: 1, run: UNKNOWN },
        { ch: 1, code: 'NOT_FOUND' },
      ],
      [
        { t: 'start', ch: 2, idem: 'a', run: { input: '' } },
        { ch: 2, code: 'BAD_REQUEST' },
      ],
      [
        { t: 'start', ch: 3, idem: 'a', run: { input: 'x', agent: 'nobody' } },
        { ch: 3, code: 'NOT_FOUND' },
      ],
      [
        { t: 'command', run: UNKNOWN, id: 'c', kind: 'cancel' },
        { id: 'c', code: 'NOT_FOUND' },
      ],
      [
        { t: 'attach', ch: 1, run: '../../etc/passwd' },
        { ch: 1, code: 'BAD_REQUEST' },
      ],
      [
        { t: 'start', ch: 2, idem: '', run: { input: 'x' } },
        { ch: 2, code: 'BAD_REQUEST' },
      ],
      [
        { t: 'start', ch: 2, idem: 'a', run: { input: 'x' }, budget: 1 },
        { ch: 2, code: 'BAD_REQUEST' },
      ],
      [
        { t: 'start', ch: -1, idem: 'a', run: { input: 'x' } },
        { ch: -1, code: 'BAD_REQUEST' },
      ],
      [
        { t: 'command', run: 'short', id: 'd', kind: 'cancel' },
        { id: 'd', code: 'BAD_REQUEST' },
      ],
      [
        { t: 'command', run: UNKNOWN, id: 'e', kind: 'explode' },
        { id: 'e', code: 'BAD_REQUEST' },
      ],
    ] as const;
    for (const [frame, error] of errors) {
      peer.send(frame);
      expect(await peer.next('err')).toMatchObject(error);
    }
    peer.send(start(1, 'b'));
    expect(await peer.next('started')).toMatchObject({ ch: 1, head: 1 });
    expect(rig.defects).toEqual([]);
  });

  test('2.6 goaway comes before the drain, newcomers are refused with 503, and what runs is still delivered', async () => {
    await using rig = await openRig();
    const log = await rig.begin('a');
    const peer = await rig.dial();
    peer.send({ t: 'attach', ch: 1, run: log.run });
    await peer.records(1, 1);
    rig.gateway.drain(750);
    expect(await peer.next('goaway')).toEqual({ t: 'goaway', retryMs: 750 });
    await expect(rig.dialStranger()).rejects.toThrow(/^503 .*SHUTTING_DOWN/);
    expect((await fetch(`${rig.http}/readyz`)).status).toBe(503);
    expect((await fetch(`${rig.http}/healthz`)).status).toBe(200);
    await log.say('still here');
    expect(await peer.records(1, 1, 1, log.h(1))).toEqual(log.records.slice(1));
    const closed = rig.gateway.close();
    expect((await peer.closed)[0]).toBe(1012);
    await rig.clock.advance(1_000);
    await closed;
  });

  test('2.7 pings go out every 15 s', async () => {
    await using rig = await openRig();
    const peer = await rig.dial();
    let pings = 0;
    const third = new Promise<void>((resolve) => peer.socket.on('ping', () => ++pings === 3 && resolve()));
    for (let second = 0; second < 46; second++) {
      await rig.clock.advance(1_000);
      await rig.turn();
    }
    await third;
    expect(pings).toBe(3);
  });
});

describe('3 channels', () => {
  test('3.1 a number in use is refused and its channel closed; afterwards it is free', async () => {
    await using rig = await openRig();
    const peer = await rig.dial();
    peer.send(start(1, 'a'));
    const { run } = await peer.next('started');
    peer.send(start(1, 'b'));
    expect(await peer.next('err')).toMatchObject({ ch: 1, code: 'BAD_REQUEST' });
    peer.send({ t: 'attach', ch: 1, run });
    expect(await peer.next('attached')).toMatchObject({ ch: 1, run });
  });

  test('3.2 started says where the durable run stands; its records follow on the channel as they come', async () => {
    await using rig = await openRig();
    const peer = await rig.dial();
    peer.send(start(5, 'a', { run: { input: 'hi', model: 'm', tokenInterval: 0 } }));
    const { run, ...rest } = await peer.next('started');
    expect(rest).toEqual({ t: 'started', ch: 5, epoch: 1, head: 1 });
    const [created] = await peer.records(5, 1);
    expect(JSON.parse(created as string)).toMatchObject([
      'run.created',
      0,
      0,
      { agent: 'default', input: 'hi', model: 'm', tokenInterval: 0 },
    ]);
    const lease = await rig.store.queue.claim(runKey('default', run), 'test');
    const said = encodeRecord('text', 1, 1, 'a\u2028"\ud800');
    lease.append([said], 'process');
    expect(await peer.next('ev')).toMatchObject({ b: [[5, 2, [JSON.parse(said)], expect.any(Number)]] });
  });

  test('3.3 the same key and request give the same run, by WebSocket and by HTTP; another request is a conflict', async () => {
    await using rig = await openRig();
    const peer = await rig.dial();
    const other = await rig.dial();
    peer.send(start(1, 'key', { run: { input: 'hi', model: 'm' } }));
    const first = await peer.next('started');
    expect(first).not.toHaveProperty('dup');
    other.send({ t: 'start', ch: 9, idem: 'key', run: { model: 'm', agent: 'default', input: 'hi' }, hold: true });
    expect(await other.next('started')).toEqual({ ...first, ch: 9, dup: true });
    peer.send(start(2, 'key', { run: { input: 'hi', model: 'other' } }));
    expect(await peer.next('err')).toMatchObject({ ch: 2, code: 'IDEMPOTENCY_CONFLICT' });

    const post = (body: object): Promise<Response> =>
      fetch(`${rig.http}/v1/runs`, { method: 'POST', headers: { 'idempotency-key': 'key' }, body: JSON.stringify(body) });
    const again = await post({ input: 'hi', model: 'm' });
    expect([again.status, await again.json()]).toEqual([200, { run: first.run, epoch: 1, head: 1, done: false, dup: true }]);
    expect((await post({ input: 'hi' })).status).toBe(409);
  });

  test('3.3 many starts with one key at once create one run', async () => {
    await using rig = await openRig();
    const peer = await rig.dial();
    for (let ch = 0; ch < 20; ch++) peer.send(start(ch, 'key'));
    const answers = [];
    for (let ch = 0; ch < 20; ch++) answers.push(await peer.next('started'));
    expect(new Set(answers.map(({ run }) => run)).size).toBe(1);
    expect(answers.filter(({ dup }) => dup === undefined)).toHaveLength(1);
  });

  test('3.5 detach ends the channel and not the run', async () => {
    await using rig = await openRig();
    const log = await rig.begin('a');
    const peer = await rig.dial();
    peer.send({ t: 'attach', ch: 1, run: log.run });
    await peer.records(1, 1);
    peer.send({ t: 'detach', ch: 1 });
    peer.send({ t: 'detach', ch: 77 });
    await rig.turn();
    await log.say('unheard');
    await rig.clock.advance(16_000);
    expect((await peer.next('hb')).heads).toEqual([]);
    expect(peer.waiting.filter(({ t }) => t === 'ev')).toEqual([]);
    await peer.next('attached');
    peer.send({ t: 'attach', ch: 1, run: log.run, epoch: 1, after: 1, h: log.h(1) });
    expect(await peer.next('attached')).toMatchObject({ mode: 'replay', from: 1, head: 2 });
    expect(await peer.records(1, 1, 1, log.h(1))).toEqual(log.records.slice(1));
  });

  test('3.5 detach before the answer: the run is made, the channel is not, and its number can be used at once', async () => {
    await using rig = await openRig();
    const log = await rig.begin('other');
    const peer = await rig.dial();
    peer.send(start(1, 'a'));
    peer.send({ t: 'detach', ch: 1 });
    peer.send({ t: 'attach', ch: 1, run: log.run });
    expect(await peer.next('attached')).toMatchObject({ ch: 1, run: log.run });
    expect(await peer.records(1, 1)).toEqual(log.records);
    peer.send(start(2, 'a'));
    expect(await peer.next('started')).toMatchObject({ ch: 2, dup: true });
    expect(peer.waiting.filter(({ t }) => t === 'started')).toEqual([]);
  });

  test('3.5 an error that was on its way when its channel was detached does not end the next channel of that number', async () => {
    await using rig = await openRig();
    const log = await rig.begin('a');
    const peer = await rig.dial();
    peer.send({ t: 'attach', ch: 1, run: UNKNOWN });
    peer.send({ t: 'detach', ch: 1 });
    peer.send({ t: 'attach', ch: 1, run: log.run });
    await peer.records(1, 1);
    await log.say('more');
    expect(await peer.records(1, 1, 1, log.h(1))).toEqual(log.records.slice(1));
    expect(peer.waiting.filter(({ t }) => t === 'err')).toEqual([]);
  });

  test('3.6 after run.finished, and after an err, the channel is closed and its number free', async () => {
    await using rig = await openRig();
    const log = await rig.begin('a');
    const peer = await rig.dial();
    peer.send({ t: 'attach', ch: 1, run: log.run });
    await log.finish();
    expect((await peer.records(1, 2)).at(-1)).toBe(FINISHED);
    peer.send({ t: 'attach', ch: 1, run: UNKNOWN });
    expect(await peer.next('err')).toMatchObject({ ch: 1 });
    peer.send({ t: 'attach', ch: 1, run: log.run });
    expect(await peer.next('attached')).toMatchObject({ ch: 1, done: true });
    expect(await peer.records(1, 2)).toEqual(log.records);
  });

  test('3.6 attaching at the end of an ended run gives no records, and the channel closes', async () => {
    await using rig = await openRig();
    const log = await rig.begin('a');
    await log.finish();
    const peer = await rig.dial();
    for (let i = 0; i < 2; i++) {
      peer.send({ t: 'attach', ch: 1, run: log.run, epoch: 1, after: 2, h: log.h(2) });
      expect(await peer.next('attached')).toMatchObject({ mode: 'replay', from: 2, head: 2, done: true });
      await rig.turn();
    }
    expect(peer.waiting).toEqual([]);
  });

  test('3.7 with hold nothing comes before the end, then everything, also on attach', async () => {
    await using rig = await openRig();
    const peer = await rig.dial();
    const log = await rig.begin('a');
    peer.send({ t: 'attach', ch: 2, run: log.run, hold: true });
    await peer.next('attached');
    await log.say('one', 'two');
    for (let i = 0; i < 3; i++) await rig.clock.advance(1_000);
    await rig.turn();
    expect(peer.waiting.filter(({ t }) => t !== 'hb')).toEqual([]);
    expect(peer.waiting.at(-1)).toEqual({ t: 'hb', heads: [[2, 0]] });
    await log.finish();
    expect(await peer.records(2, 4)).toEqual(log.records);
  });

  test('3.7 with hold a long run sends no snapshot before its end either', async () => {
    const { store, snapshots } = withSnapshots();
    await using rig = await openRig({ store, limits: { snapshotDistance: 4 } });
    const log = await longLog(await rig.begin('a'), snapshots);
    const peer = await rig.dial();
    peer.send({ t: 'attach', ch: 1, run: log.run, hold: true });
    await peer.next('attached');
    await rig.turn();
    expect(peer.waiting).toEqual([]);
    await log.finish();
    expect(await peer.records(1, log.records.length)).toEqual(log.records);
  });

  test('3.8 a command is durable once per id, and reaches the run’s owner once', async () => {
    await using rig = await openRig();
    const commands: unknown[] = [];
    const stop = rig.store.queue.consume('owner', 10, {
      leased: () => undefined,
      command: (_key, command) => commands.push(command),
      lost: () => undefined,
    });
    const peer = await rig.dial();
    peer.send(start(1, 'a'));
    const { run } = await peer.next('started');
    const cancel = { t: 'command', run, id: 'c1', kind: 'cancel' };
    peer.send(cancel);
    expect(await peer.next('ok')).toEqual({ t: 'ok', id: 'c1' });
    peer.send(cancel);
    expect(await peer.next('ok')).toEqual({ t: 'ok', id: 'c1', dup: true });
    peer.send({ t: 'command', run, id: 'f1', kind: 'feedback', data: { score: 1 } });
    expect(await peer.next('ok')).toEqual({ t: 'ok', id: 'f1' });
    expect(commands).toEqual([
      { id: 'c1', kind: 'cancel' },
      { id: 'f1', kind: 'feedback', data: { score: 1 } },
    ]);
    stop();
  });

  test('3.8 the data of a command has a limit', async () => {
    await using rig = await openRig();
    const peer = await rig.dial();
    peer.send(start(1, 'a'));
    const { run } = await peer.next('started');
    peer.send({ t: 'command', run, id: 'f1', kind: 'feedback', data: 'x'.repeat(20_000) });
    expect(await peer.next('err')).toMatchObject({ id: 'f1', code: 'TOO_LARGE' });
  });

  test('3.8 an ended run takes feedback and nothing else', async () => {
    await using rig = await openRig();
    const log = await rig.begin('a');
    await log.finish();
    const peer = await rig.dial();
    peer.send({ t: 'command', run: log.run, id: 'c', kind: 'cancel' });
    expect(await peer.next('err')).toMatchObject({ id: 'c', code: 'RUN_FINISHED' });
    peer.send({ t: 'command', run: log.run, id: 'f', kind: 'feedback', data: 'good' });
    expect(await peer.next('ok')).toEqual({ t: 'ok', id: 'f' });
  });
});

describe('5 position and resume', () => {
  test('5.1, 5.3 from every cursor exactly the records after it come, with the chain', async () => {
    await using rig = await openRig();
    const log = await rig.begin('a');
    for (const text of ['one', '\u{1f600}', '', '"\\n']) await log.say(text, text);
    const peer = await rig.dial();
    for (let after = 0; after < log.records.length; after++) {
      peer.send({ t: 'attach', ch: after, run: log.run, epoch: 1, after, h: log.h(after) });
      expect(await peer.next('attached')).toEqual({
        t: 'attached',
        ch: after,
        run: log.run,
        epoch: 1,
        mode: 'replay',
        from: after,
        head: 9,
        done: false,
      });
      expect(await peer.records(after, log.records.length - after, after, log.h(after))).toEqual(log.records.slice(after));
    }
  });

  test('5.3, 5.5 a long log comes as a snapshot and what follows it', async () => {
    const { store, snapshots } = withSnapshots();
    await using rig = await openRig({ store, limits: { snapshotDistance: 4 } });
    const log = await longLog(await rig.begin('a'), snapshots);
    const peer = await rig.dial();
    for (const claim of [{}, { epoch: 1, after: 0 }, { epoch: 1, after: 1, h: log.h(1) }]) {
      peer.send({ t: 'attach', ch: 1, run: log.run, ...claim });
      expect(await peer.next('attached')).toMatchObject({ mode: 'snapshot', from: 8, head: 10 });
      const { fold, ...rest } = await peer.next('snap');
      expect(rest).toEqual({ t: 'snap', ch: 1, epoch: 1, s: 8, h: log.h(8) });
      expect(fold).toEqual(foldOf(log, 8));
      expect(await peer.records(1, 2, 8, log.h(8))).toEqual(log.records.slice(8));
      peer.send({ t: 'detach', ch: 1 });
    }
    peer.send({ t: 'attach', ch: 1, run: log.run, epoch: 1, after: 7, h: log.h(7) });
    expect(await peer.next('attached')).toMatchObject({ mode: 'replay', from: 7 });
  });

  test.each([
    ['names no epoch', { after: 99 }],
    ['gives no chain', { epoch: 1, after: 99 }],
  ])('5.4 a client that is ahead of the log and %s proves nothing: reset, in the epoch that stands', async (_name, claim) => {
    await using rig = await openRig();
    const log = await rig.begin('a');
    await log.say('one', 'two');
    const peer = await rig.dial();
    peer.send({ t: 'attach', ch: 1, run: log.run, ...claim });
    expect(await peer.next('attached')).toMatchObject({ epoch: 1, mode: 'reset', from: 0, head: 3 });
    expect(await peer.records(1, 3)).toEqual(log.records);
  });

  test.each([
    ['ahead of the log', (log: Log) => ({ epoch: 1, after: 99, h: log.h(2) })],
    ['of another chain', (log: Log) => ({ epoch: 1, after: 2, h: log.h(1) })],
    ['of another chain at the head', (log: Log) => ({ epoch: 1, after: 3, h: log.h(1) })],
  ])('5.4 a client that is %s proves a regress: a new epoch, once, and reset', async (_name, claim) => {
    await using rig = await openRig();
    const log = await rig.begin('a');
    await log.say('one', 'two');
    const peer = await rig.dial();
    peer.send({ t: 'attach', ch: 1, run: log.run, ...claim(log) });
    expect(await peer.next('attached')).toEqual({
      t: 'attached',
      ch: 1,
      run: log.run,
      epoch: 2,
      mode: 'reset',
      from: 0,
      head: 3,
      done: false,
    });
    expect(await peer.records(1, 3)).toEqual(log.records);
    const other = await rig.dial();
    other.send({ t: 'attach', ch: 1, run: log.run, epoch: 1, after: 3, h: log.h(3) });
    expect(await other.next('attached')).toMatchObject({ epoch: 2, mode: 'reset', from: 0 });
    other.send({ t: 'attach', ch: 2, run: log.run, epoch: 2, after: 3, h: log.h(3) });
    expect(await other.next('attached')).toMatchObject({ epoch: 2, mode: 'replay', from: 3 });
  });

  test('5.3 where the records after a cursor are gone the snapshot stands for them, and from its seq on there are records', async () => {
    const { store, snapshots, gone } = withSnapshots();
    await using rig = await openRig({ store });
    const log = await longLog(await rig.begin('a'), snapshots);
    gone.set(log.key, 8);
    const peer = await rig.dial();
    const claims = [{}, { epoch: 1, after: 0 }, { epoch: 1, after: 7, h: log.h(7) }, { epoch: 1, after: 5, h: 99 }];
    for (const claim of claims) {
      peer.send({ t: 'attach', ch: 1, run: log.run, ...claim });
      expect(await peer.next('attached')).toMatchObject({ epoch: 1, mode: 'snapshot', from: 8, head: 10 });
      expect(await peer.next('snap')).toMatchObject({ ch: 1, epoch: 1, s: 8, h: log.h(8), fold: foldOf(log, 8) });
      expect(await peer.records(1, 2, 8, log.h(8))).toEqual(log.records.slice(8));
      peer.send({ t: 'detach', ch: 1 });
    }
    peer.send({ t: 'attach', ch: 1, run: log.run, epoch: 1, after: 8, h: log.h(8) });
    expect(await peer.next('attached')).toMatchObject({ mode: 'replay', from: 8 });
    peer.send({ t: 'attach', ch: 2, run: log.run, epoch: 1, after: 8, h: 99 });
    expect(await peer.next('attached')).toMatchObject({ epoch: 2, mode: 'reset' });
    expect(await peer.next('snap')).toMatchObject({ ch: 2, epoch: 2, s: 8 });
  });

  test('5.3, 3.7 a channel that is held gets the snapshot in place of what is gone, and not before the end', async () => {
    const { store, snapshots, gone } = withSnapshots();
    await using rig = await openRig({ store });
    const log = await longLog(await rig.begin('a'), snapshots);
    gone.set(log.key, 8);
    const peer = await rig.dial();
    peer.send({ t: 'attach', ch: 1, run: log.run, hold: true });
    expect(await peer.next('attached')).toMatchObject({ mode: 'replay', from: 0 });
    await rig.turn();
    expect(peer.waiting).toEqual([]);
    await log.finish();
    expect(await peer.next('snap')).toMatchObject({ ch: 1, s: 8, h: log.h(8) });
    expect(await peer.records(1, 3, 8, log.h(8))).toEqual(log.records.slice(8));
  });

  test('5.3, 7.2 a run that ended long ago is its snapshot, over WebSocket and HTTP alike', async () => {
    await using rig = await openRig();
    const log = await rig.begin('a');
    await log.append(encodeRecord('step.started', 1, 1, { model: 'm' }));
    await log.say('one ', 'two');
    await log.finish();
    const seq = log.records.length;
    expect(await rig.store.upkeep.compact({ compactAfterMs: 0 }, Date.now() + 1_000)).toMatchObject({ compacted: 1 });
    const peer = await rig.dial();
    for (const claim of [{}, { epoch: 1, after: 2, h: log.h(2) }, { hold: true }, { epoch: 7, after: 2, h: 1 }]) {
      peer.send({ t: 'attach', ch: 1, run: log.run, ...claim });
      expect(await peer.next('attached')).toMatchObject({ mode: 'epoch' in claim && claim.epoch === 7 ? 'reset' : 'snapshot', done: true });
      expect(await peer.next('snap')).toMatchObject({ ch: 1, epoch: 1, s: seq, h: log.h(seq), fold: foldOf(log, seq) });
      await rig.turn();
    }
    peer.send({ t: 'attach', ch: 1, run: log.run, epoch: 1, after: seq, h: log.h(seq) });
    expect(await peer.next('attached')).toMatchObject({ mode: 'replay', from: seq, done: true });

    const events = async (headers: Record<string, string>): Promise<string> =>
      (await fetch(`${rig.http}/v1/runs/${log.run}/events`, { headers })).text();
    const id = (at: number): string => `e1_${String(at).padStart(16, '0')}`;
    const [only, ...others] = (await events({})).trimEnd().split('\n\n');
    expect(others).toEqual([]);
    expect(only?.split('\n').slice(0, 2)).toEqual([`id: ${id(seq)}`, 'event: snapshot']);
    expect(JSON.parse(only?.split('data: ')[1] ?? '')).toEqual({ seq, text: 'one two', fold: foldOf(log, seq) });
    expect(await events({ 'last-event-id': id(2) })).toContain('event: snapshot');
    expect(await events({ 'last-event-id': id(seq) })).toBe('');
    expect(await (await fetch(`${rig.http}/v1/runs/${log.run}`)).json()).toMatchObject({ status: 'completed', text: 'one two', head: seq });
  });

  test('5.4 a reset of a long log begins with its snapshot', async () => {
    const { store, snapshots } = withSnapshots();
    await using rig = await openRig({ store, limits: { snapshotDistance: 4 } });
    const log = await longLog(await rig.begin('a'), snapshots);
    const peer = await rig.dial();
    peer.send({ t: 'attach', ch: 1, run: log.run, epoch: 7, after: 5, h: 1 });
    expect(await peer.next('attached')).toMatchObject({ epoch: 1, mode: 'reset', from: 8, head: 10 });
    expect(await peer.next('snap')).toMatchObject({ s: 8, h: log.h(8) });
    expect(await peer.records(1, 2, 8, log.h(8))).toEqual(log.records.slice(8));
  });

  test('5.6 a heartbeat names every open channel after 1 s of silence of one of them, and goes out after 15 s in any case', async () => {
    await using rig = await openRig();
    const [a, b] = [await rig.begin('a'), await rig.begin('b')];
    const peer = await rig.dial();
    peer.send({ t: 'attach', ch: 1, run: a.run });
    peer.send({ t: 'attach', ch: 2, run: b.run });
    await peer.records(1, 1);
    await rig.turn();
    await rig.clock.advance(500);
    await a.say('one');
    await rig.clock.advance(1_000);
    expect((await peer.next('hb')).heads).toEqual([
      [1, 2],
      [2, 1],
    ]);
    const idle = await rig.dial();
    await rig.clock.advance(14_000);
    await rig.turn();
    expect(idle.waiting).toEqual([]);
    await rig.clock.advance(2_000);
    expect(await idle.next('hb')).toEqual({ t: 'hb', heads: [] });
  });

  test('5.6 before a heartbeat the log is looked into: what no notice came for is delivered, then named', async () => {
    await using rig = await openRig({ store: withoutNotices() });
    const log = await rig.begin('a');
    const peer = await rig.dial();
    peer.send({ t: 'attach', ch: 1, run: log.run });
    await peer.next('attached');
    await peer.records(1, 1);
    await log.say('one', 'two');
    await rig.turn();
    expect(peer.waiting).toEqual([]);
    await rig.clock.advance(1_000);
    await rig.turn();
    expect(peer.waiting.map(({ t }) => t)).toEqual(['ev', 'hb']);
    expect(await peer.records(1, 2, 1, log.h(1))).toEqual(log.records.slice(1));
    expect((await peer.next('hb')).heads).toEqual([[1, 3]]);
  });

  test('5.7 one frame carries records of many channels', async () => {
    await using rig = await openRig();
    const logs = await Promise.all(['a', 'b', 'c'].map((name) => rig.begin(name)));
    const peer = await rig.dial();
    for (const [ch, { run }] of logs.entries()) peer.send({ t: 'attach', ch, run });
    for (const _ of logs) await peer.next('attached');
    await rig.turn();
    while (peer.waiting.some(({ t }) => t === 'ev')) await peer.next('ev');
    await Promise.all(logs.map((log) => log.say('at once')));
    const { b } = await peer.next('ev');
    expect(b.map(([ch, first]) => [ch, first])).toEqual([
      [0, 2],
      [1, 2],
      [2, 2],
    ]);
  });
});

/** A store whose snapshots the test makes, and whose records up to `gone` it lets go. */
function withSnapshots(): { readonly store: Store; readonly snapshots: Map<RunKey, Snapshot>; readonly gone: Map<RunKey, number> } {
  const inner = createMemoryStore();
  const snapshots = new Map<RunKey, Snapshot>();
  const gone = new Map<RunKey, number>();
  const runs: Store['runs'] = {
    ...inner.runs,
    snapshot: (key) => Promise.resolve(snapshots.get(key)),
    read(key, after, maxBytes) {
      const page = inner.runs.read(key, after, maxBytes);
      const snapshot = snapshots.get(key);
      if (!snapshot || after >= (gone.get(key) ?? 0)) return page;
      return Promise.resolve(page).then(({ head }) => ({ head, before: snapshot.h, snapshot }));
    },
  };
  return { store: { ...inner, runs }, snapshots, gone };
}

/** Ten records; the snapshot stands at the eighth. */
async function longLog(log: Log, snapshots: Map<RunKey, Snapshot>): Promise<Log> {
  await log.append(encodeRecord('step.started', 1, 1, { model: 'm' }));
  for (let i = 3; i <= 8; i++) await log.say(`${i}`);
  snapshots.set(log.key, { seq: 8, h: log.h(8), fold: JSON.stringify(foldOf(log, 8)), creation: log.records[0] ?? '' });
  await log.say('9', '10');
  return log;
}

function foldOf(log: Log, seq: number): object {
  const fold = emptyFold();
  log.records.slice(0, seq).forEach((text, i) => {
    applyRecord(fold, decodeRecord(JSON.parse(text) as WireRecord, i + 1));
  });
  expect(fold.usage).toEqual(NO_USAGE);
  return fold;
}

/** A store whose followers hear nothing. */
function withoutNotices(): Store {
  const inner = createMemoryStore();
  return { ...inner, runs: { ...inner.runs, follow: () => () => undefined } };
}
