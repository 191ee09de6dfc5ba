import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenClawClient, type SavedRun } from '@openclaw-runtime/client';
import {
  applyRecord,
  CHAIN_START,
  chain,
  type DownFrame,
  decodeRecord,
  emptyFold,
  foldText,
  type RunFold,
  type UpFrame,
} from '@openclaw-runtime/protocol';
import { type Child, freePort, startServer } from './processes.ts';
import { openRawWire } from './read-log.ts';

/** What clients with a later cursor get after an older copy of the data folder was put in place. */
export interface Restored {
  /** Where the clients stood, in epoch 1, and where the log stood when it was copied, or a little later. */
  readonly seen: number;
  readonly copied: number;
  /** How the attach was answered, and whether what followed to the run's end was one chain from `from` on. */
  readonly mode: string;
  readonly epoch: number;
  readonly from: number;
  readonly isWhole: boolean;
  /** The epoch that a third client is told after one more SIGKILL. */
  readonly laterEpoch: number;
  /** The real client, resumed from what it had saved: whether its result and its events amount to the log, and how often it was told to go back. */
  readonly client: { readonly isEqual: boolean; readonly rewinds: number; readonly error: string | undefined };
}

const MODEL = 'simulated?tokens=60&ms=3000&vary=1';
const TIMEOUT_MS = 10_000;

/** Streams a run, copies the data folder under the dead server, lets the run go on, and then puts the copy back. */
export async function restoreOlderCopy(root: string): Promise<Restored> {
  const dir = mkdtempSync(join(tmpdir(), 'openclaw-restored-'));
  const data = join(dir, 'data');
  const config = join(dir, 'openclaw.yaml');
  mkdirSync(data);
  writeFileSync(config, 'providers: { simulated: { kind: simulated } }\n');
  const port = await freePort(Math.random);
  const url = `ws://127.0.0.1:${port}`;
  const start = (): Promise<Child> => startServer({ root, data, port, config });
  let server = await start();
  try {
    const begun = await readOn(url, { t: 'start', ch: 1, idem: 'k', run: { input: 'q', model: MODEL } }, 8);
    const { run } = begun;
    await server.kill();
    cpSync(data, join(dir, 'copy'), { recursive: true });
    server = await start();
    const { seq, h, fold } = await readOn(url, { t: 'attach', ch: 1, run }, begun.seq + 15);
    await server.kill();
    rmSync(data, { recursive: true });
    cpSync(join(dir, 'copy'), data, { recursive: true });
    server = await start();
    const [back, told] = await Promise.all([
      readOn(url, { t: 'attach', ch: 1, run, epoch: 1, after: seq, h }, Number.POSITIVE_INFINITY),
      resume(url, { run, epoch: 1, seq, h, fold }),
    ]);
    await server.kill();
    server = await start();
    const later = await readOn(url, { t: 'attach', ch: 1, run }, Number.POSITIVE_INFINITY);
    const text = foldText(later.fold);
    const { mode, epoch, from, isWhole } = back;
    const client = { isEqual: told.result === text && told.told === text, rewinds: told.rewinds, error: told.error };
    return { seen: seq, copied: begun.seq, mode, epoch, from, isWhole, laterEpoch: later.epoch, client };
  } finally {
    await server.kill();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Follows the run with the real client, and puts together what its events tell. */
async function resume(url: string, saved: SavedRun) {
  const client = new OpenClawClient({ reconnectDelay: 40, maxReconnectAttempts: 1_000 });
  let told = saved.fold ? foldText(saved.fold) : '';
  let rewinds = 0;
  client.on('token', (token) => {
    told += token;
  });
  client.on('rewind', ({ keep }) => {
    rewinds++;
    told = told.slice(0, keep);
  });
  const late = setTimeout(() => client.close(), TIMEOUT_MS);
  try {
    await client.connect(url);
    const { text } = await client.attach(saved).result();
    return { result: text, told, rewinds, error: undefined };
  } catch (error) {
    return { result: undefined, told, rewinds, error: String(error) };
  } finally {
    clearTimeout(late);
    client.close();
  }
}

interface Reading {
  run: string;
  mode: string;
  epoch: number;
  from: number;
  seq: number;
  h: number;
  isWhole: boolean;
  readonly fold: RunFold;
}

/** Reads one channel until record `until`, the run's end, a break in the chain, or the time-out. */
async function readOn(url: string, ask: UpFrame, until: number): Promise<Reading> {
  await using wire = await openRawWire(url);
  wire.send(ask);
  const late = setTimeout(() => wire.close(), TIMEOUT_MS);
  const reading: Reading = { run: '', mode: '', epoch: 0, from: 0, seq: 0, h: CHAIN_START, isWhole: true, fold: emptyFold() };
  for await (const frame of wire.frames) {
    hear(reading, frame);
    if (reading.seq >= until || reading.fold.outcome || !reading.isWhole) break;
  }
  clearTimeout(late);
  return reading;
}

function hear(reading: Reading, frame: DownFrame): void {
  if (frame.t === 'started') Object.assign(reading, { run: frame.run, epoch: frame.epoch });
  else if (frame.t === 'attached') Object.assign(reading, { run: frame.run, epoch: frame.epoch, mode: frame.mode, from: frame.from });
  if (frame.t !== 'ev') return;
  for (const [, first, records, h] of frame.b) {
    if (first !== reading.seq + 1) {
      reading.isWhole = false;
      return;
    }
    records.forEach((record, i) => {
      applyRecord(reading.fold, decodeRecord(record, first + i));
    });
    reading.seq = first + records.length - 1;
    reading.h = records.reduce((before, record) => chain(before, JSON.stringify(record)), reading.h);
    if (reading.h !== h) reading.isWhole = false;
  }
}
