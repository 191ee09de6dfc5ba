import { CHAIN_START, chain, type DownFrame } from '@openclaw-runtime/protocol';
import { openRawWire } from '../read-log.ts';

/** What a reader of one run has, and where that ends. */
export interface Seen {
  readonly run: string;
  readonly epoch: number;
  readonly records: readonly string[];
  readonly h: number;
}

export interface Heard extends Seen {
  /** How an attach was answered; `NOT_FOUND` and the like where there is no such run. */
  readonly mode: string;
  readonly isDone: boolean;
}

const TIMEOUT_MS = 20_000;

/** Starts a run, or goes on where `seen` ends, with proof; until there are `count` records, or the end. */
export async function hear(
  url: string,
  ask: { readonly start: string; readonly input: string } | { readonly seen: Seen },
  count: number,
): Promise<Heard> {
  await using wire = await openRawWire(url);
  const seen = 'seen' in ask ? ask.seen : { run: '', epoch: 0, records: [], h: CHAIN_START };
  if ('start' in ask) {
    const run = { input: ask.input, model: 'simulated?tokens=40&ms=400&ttft=1&vary=1', tokenInterval: 0 };
    wire.send({ t: 'start', ch: 1, idem: ask.start, run });
  } else {
    const { run, epoch, records, h } = seen;
    wire.send(records.length === 0 ? { t: 'attach', ch: 1, run } : { t: 'attach', ch: 1, run, epoch, after: records.length, h });
  }
  const state = { ...seen, records: [...seen.records], mode: '', isDone: false };
  const late = setTimeout(() => wire.close(), TIMEOUT_MS);
  for await (const frame of wire.frames) {
    if (frame.t === 'err') {
      state.mode = frame.code;
      break;
    }
    take(state, frame);
    if (state.isDone || state.records.length >= count) break;
  }
  clearTimeout(late);
  return state;
}

function take(state: { -readonly [K in keyof Heard]: Heard[K] } & { records: string[] }, frame: DownFrame): void {
  if (frame.t === 'started') Object.assign(state, { run: frame.run, epoch: frame.epoch });
  if (frame.t === 'attached') {
    Object.assign(state, { run: frame.run, epoch: frame.epoch, mode: frame.mode });
    if (frame.mode !== 'replay') Object.assign(state, { records: [], h: CHAIN_START });
    if (frame.done && frame.head === state.records.length) state.isDone = true;
  }
  if (frame.t !== 'ev') return;
  for (const [, first, records, h] of frame.b) {
    if (first !== state.records.length + 1) throw new Error(`record ${first} came behind ${state.records.length}`);
    for (const record of records) {
      const text = JSON.stringify(record);
      state.records.push(text);
      state.h = chain(state.h, text);
      state.isDone ||= record[0] === 'run.finished';
    }
    if (state.h !== h) throw new Error(`the chain differs at ${state.records.length}`);
  }
}

/** Goes on over HTTP, where a cursor is all that a reader has: server-sent events to the run's end. */
export async function hearOverHttp(http: string, { run, epoch, records }: Seen): Promise<readonly string[]> {
  const cursor = `e${epoch.toString(36)}_${String(records.length).padStart(16, '0')}`;
  const response = await fetch(`${http}/v1/runs/${run}/events`, {
    headers: { 'last-event-id': cursor },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const all = [...records];
  for (const block of (await response.text()).split('\n\n')) {
    const fields = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]));
    if (fields.get('event') === 'reset') all.length = 0;
    else if (fields.has('id')) all.push(fields.get('data') ?? '');
  }
  return all;
}
