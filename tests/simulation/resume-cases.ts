import { chain, type DownFrame, type WireRecord } from '@openclaw-runtime/protocol';
import { runKey } from '@openclaw-runtime/store';
import type { Peer, PeerEvents } from '../../packages/gateway/src/socket/peer.ts';
import { type Chance, createChance } from './chance.ts';
import { createDisk } from './disk.ts';
import { createHands } from './hands.ts';
import { createKernel, type Kernel } from './kernel.ts';
import type { Network } from './network.ts';
import { startProcess } from './process.ts';
import { createProvider } from './provider.ts';
import { openServer, type Server } from './server.ts';

export interface ResumeReport {
  readonly cases: number;
  /** By the mode that the server answered with. */
  readonly modes: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
}

/** What the log of a run is, as the case knows it. */
interface Truth {
  readonly run: string;
  epoch: number;
  readonly texts: readonly string[];
  /** By seq; 0 is the start. */
  readonly chains: readonly number[];
  /** A snapshot at its end stands for its records. */
  isCompacted: boolean;
}

interface Claim {
  readonly epoch?: number;
  readonly after?: number;
  readonly h?: number;
}

/**
 * Attaches from any place, of any epoch, with any proof, to short and long, ended and living runs; and holds what comes against the log: the answer is `replay`,
 * `snapshot` or `reset`, and after it every record to the head, once, in order, with its chain.
 */
export async function playResumes(seed: number, count: number): Promise<ResumeReport> {
  const chance = createChance(seed);
  const violations: string[] = [];
  const kernel = createKernel((error) => void violations.push(String(error)));
  const disk = createDisk(chance.branch('disk'));
  const process = startProcess(kernel, 'server', () => 0);
  const accepting: { accept?: (peer: Peer) => void } = {};
  const network = { listen: (_process: unknown, accept: (peer: Peer) => void) => void (accepting.accept = accept) } as unknown as Network;
  const provider = createProvider(kernel, chance.branch('provider'), 1, 1);
  const opening = openServer({
    process,
    disk,
    network,
    provider,
    hands: createHands(),
    chance: chance.branch('life'),
    consumes: false,
    onDefect: (error) => void violations.push(String(error)),
    onFailed: () => void violations.push('the store failed'),
  });
  let server: Server | undefined;
  void opening.then((opened) => {
    server = opened;
  });
  await kernel.run(() => server !== undefined, 10_000);
  if (!server) throw new Error('the server did not open');
  const truths: Truth[] = [];
  // Those that have ended are compacted by the pass after the last of them; the ones written later are not.
  const shapes = [
    [2, true, false],
    [40, true, false],
    [300, true, true],
    [1, false, false],
    [9, false, false],
    [90, false, false],
    [3, true, false],
    [120, true, false],
    [301, false, false],
  ] as const;
  for (const [length, isDone, isCompacted] of shapes) truths.push(await writeRun(kernel, server, chance, length, isDone, isCompacted));
  for (const truth of truths.slice(0, 2)) truth.isCompacted = true;

  const modes: Record<string, number> = {};
  for (let i = 0; i < count && violations.length < 20; i++) {
    const truth = chance.pick(truths);
    const claim = makeClaim(chance, truth);
    const before = truth.epoch;
    const frames = await attach(kernel, accepting.accept as (peer: Peer) => void, truth.run, claim, chance);
    const says = judgeAnswer(truth, claim, frames);
    const [first] = frames;
    if (first?.t === 'attached') modes[first.mode] = (modes[first.mode] ?? 0) + 1;
    if (says)
      violations.push(
        `case ${i} of seed ${seed}, run of ${truth.texts.length} records in epoch ${before}, ${JSON.stringify(claim)}: ${says}`,
      );
  }
  return { cases: count, modes, violations };
}

async function writeRun(
  kernel: Kernel,
  { store }: Server,
  chance: Chance,
  length: number,
  isDone: boolean,
  isCompacted: boolean,
): Promise<Truth> {
  const run = `run${length}`.padEnd(22, 'x');
  const key = runKey('default', run);
  const texts = [
    '["run.created",0,0,{"agent":"default","input":"x","at":0,"fingerprint":"f"}]',
    '["step.started",1,1,{"model":"m"}]',
  ].slice(0, length);
  while (texts.length < length - 1) texts.push(`["text",1,1,"${texts.length}${'é🦞'.repeat(chance.below(4))} "]`);
  if (texts.length < length) texts.push(isDone ? '["run.finished",0,0,{"status":"cancelled","by":"x","usage":{}}]' : '["text",1,1,"last"]');
  const chains = texts.reduce((all, text) => [...all, chain(all.at(-1) as number, text)], [0]);
  let done = false;
  void (async () => {
    await store.runs.create(key, texts[0] as string, 'f');
    const lease = await store.queue.claim(key, 'writer');
    const rest = texts.slice(1);
    const middle = chance.below(rest.length + 1);
    if (middle > 0) lease.append(rest.slice(0, middle), 'process', isDone && middle === rest.length);
    await lease.settled();
    if (middle < rest.length) lease.append(rest.slice(middle), 'disk', isDone);
    await lease.settled();
    if (isCompacted) await store.upkeep.compact({ compactAfterMs: 0 }, 0);
    done = true;
  })();
  await kernel.run(() => done, kernel.now + 60_000);
  return { run, epoch: 1, texts, chains, isCompacted };
}

function makeClaim(chance: Chance, { epoch, texts, chains }: Truth): Claim {
  const head = texts.length;
  const roll = chance.below(10);
  const after =
    roll === 0
      ? undefined
      : roll === 1
        ? 0
        : roll === 2
          ? head
          : roll === 3
            ? head + 1 + chance.below(3)
            : roll === 4
              ? 2 ** 40
              : chance.below(head + 1);
  const claimed = chance.pick([undefined, epoch, epoch, epoch, epoch, Math.max(1, epoch - 1), epoch + 1]);
  const h = chance.pick([undefined, chains[after ?? 0] ?? 7, chains[after ?? 0] ?? 7, chains[after ?? 0] ?? 7, 12_345]);
  return {
    ...(claimed === undefined ? {} : { epoch: claimed }),
    ...(after === undefined ? {} : { after }),
    ...(h === undefined ? {} : { h }),
  };
}

/** All frames that a client gets, up to the head. */
async function attach(
  kernel: Kernel,
  accept: (peer: Peer) => void,
  run: string,
  claim: Claim,
  chance: Chance,
): Promise<readonly DownFrame[]> {
  const frames: DownFrame[] = [];
  let events: PeerEvents | undefined;
  accept({
    send: (text) => void frames.push(JSON.parse(text) as DownFrame),
    unsent: () => (chance.may(0.1) ? 1_000 : 0),
    pause: () => undefined,
    resume: () => undefined,
    ping: () => queueMicrotask(() => events?.ponged()),
    close: () => undefined,
    terminate: () => undefined,
    listen: (heard) => {
      events = heard;
    },
  });
  const say = (frame: object): void => {
    const text = JSON.stringify(frame);
    events?.message(text, text.length, false);
  };
  say({ t: 'hello', v: 1, client: 'case' });
  say({ t: 'attach', ch: 5, run, ...claim });
  const isWhole = (): boolean => {
    const attached = frames.find((frame) => frame.t === 'attached');
    if (!attached) return frames.some((frame) => frame.t === 'err');
    const last = frames.findLast((frame) => frame.t === 'ev');
    const batch = last?.b.at(-1);
    const snap = frames.find((frame) => frame.t === 'snap');
    const reached = batch ? batch[1] + batch[2].length - 1 : (snap?.s ?? attached.from);
    return reached >= attached.head;
  };
  await kernel.run(isWhole, kernel.now + 5_000);
  events?.closed();
  return frames.filter((frame) => frame.t !== 'welcome' && frame.t !== 'hb');
}

function judgeAnswer(truth: Truth, { epoch, after = 0, h }: Claim, frames: readonly DownFrame[]): string | undefined {
  const { texts, chains, isCompacted } = truth;
  const head = texts.length;
  const [attached, ...rest] = frames;
  if (attached?.t !== 'attached') return `answered ${JSON.stringify(attached)}`;
  const isMine = epoch === undefined || epoch === truth.epoch;
  // Where the records are gone, nobody knows what the chain was.
  const isOther = after > 0 && h !== undefined && h !== chains[after] && !(isCompacted && after < head);
  const isAhead = after > head || isOther;
  if (isMine && isAhead && epoch !== undefined && h !== undefined) truth.epoch++;
  if (attached.epoch !== truth.epoch) return `answered in epoch ${attached.epoch}, the log is in ${truth.epoch}`;
  const mode = !isMine || isAhead ? 'reset' : isCompacted && after < head ? 'snapshot' : 'replay';
  if (attached.mode !== mode) return `answered ${attached.mode}, not ${mode}`;
  const snap = rest[0]?.t === 'snap' ? rest[0] : undefined;
  const expectsSnap = isCompacted && (mode !== 'replay' || after < head);
  if ((snap !== undefined) !== expectsSnap) return snap ? 'sent a snapshot' : 'sent no snapshot';
  if (snap && (snap.s !== head || snap.h !== chains[head])) return `sent a snapshot at ${snap.s} with the chain ${snap.h}`;
  const from = snap ? snap.s : mode === 'reset' ? 0 : after;
  if (attached.from !== from && !(mode === 'reset' && attached.from === 0)) return `goes on after ${attached.from}, not ${from}`;
  if (attached.head !== head) return `says that the head is ${attached.head}, it is ${head}`;
  return judgeRecords(truth, from, rest);
}

function judgeRecords({ texts, chains }: Truth, from: number, frames: readonly DownFrame[]): string | undefined {
  let last = from;
  for (const frame of frames) {
    if (frame.t === 'snap') continue;
    if (frame.t !== 'ev') return `sent ${JSON.stringify(frame)}`;
    for (const [ch, first, records, h] of frame.b) {
      if (ch !== 5 || first !== last + 1) return `sent record ${first} after ${last}`;
      const wrong = records.findIndex((record: WireRecord, i: number) => JSON.stringify(record) !== texts[first - 1 + i]);
      if (wrong >= 0) return `sent another record ${first + wrong}`;
      last += records.length;
      if (h !== chains[last]) return `gave the chain ${h} after ${last}`;
    }
  }
  return last === texts.length ? undefined : `stopped at ${last} of ${texts.length}`;
}
