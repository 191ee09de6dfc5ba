import {
  CHAIN_START,
  chain,
  type DownFrame,
  PROTOCOL_VERSION,
  SUBPROTOCOL,
  type UpFrame,
  type WireRecord,
} from '@openclaw-runtime/protocol';
import type { Log } from './judge.ts';
import { type RunPlan, requestOf } from './plan.ts';

export interface ReadLog extends Log {
  /** The key found a run that existed. */
  readonly dup: boolean;
  /** Its last record was received. */
  readonly isDone: boolean;
}

/**
 * The logs of runs, read from their start with nothing of the client's code: each run is asked for again by its key, which must find the one that exists. Whoever is
 * not answered in `timeoutMs` is left out.
 */
export async function readLogs(url: string, plans: readonly RunPlan[], timeoutMs: number): Promise<ReadonlyMap<number, ReadLog>> {
  const logs = new Map<number, { run: string; epoch: number; dup: boolean; isDone: boolean; records: string[]; h: number }>();
  await using wire = await openRawWire(url);
  for (const plan of plans) wire.send({ t: 'start', ch: plan.i, idem: plan.idem, run: requestOf(plan) });
  const late = setTimeout(() => wire.close(), timeoutMs);
  let open = plans.length;
  for await (const frame of wire.frames) {
    if (frame.t === 'started') {
      const { run, epoch, dup = false } = frame;
      logs.set(frame.ch, { run, epoch, dup, isDone: false, records: [], h: CHAIN_START });
    } else if (frame.t === 'err') {
      throw new Error(`asking for run ${frame.ch} again gave ${frame.code}: ${frame.message}`);
    } else if (frame.t === 'ev') {
      for (const [ch, first, records, h] of frame.b) {
        const log = logs.get(ch);
        if (!log) throw new Error(`records came for channel ${ch} before its start was answered`);
        if (first !== log.records.length + 1) throw new Error(`run ${log.run}: record ${first} after ${log.records.length}`);
        for (const record of records) push(log, record);
        if (log.h !== h) throw new Error(`run ${log.run}: the chain differs at ${log.records.length}`);
        if (log.isDone) open--;
      }
    }
    if (open === 0) break;
  }
  clearTimeout(late);
  return logs;
}

function push(log: { records: string[]; h: number; isDone: boolean }, record: WireRecord): void {
  const text = JSON.stringify(record);
  log.records.push(text);
  log.h = chain(log.h, text);
  log.isDone = record[0] === 'run.finished';
}

export interface RawWire extends AsyncDisposable {
  send(frame: UpFrame): void;
  /** Every frame after the welcome; ends with the connection. */
  readonly frames: AsyncIterable<DownFrame>;
  /** The next of them. */
  next(): Promise<DownFrame | undefined>;
  close(): void;
}

/** A greeted connection. */
export async function openRawWire(url: string): Promise<RawWire> {
  const socket = new WebSocket(url, [SUBPROTOCOL]);
  const queue: DownFrame[] = [];
  let isOver = false;
  let wake = (): void => {};
  socket.addEventListener('message', ({ data }) => {
    queue.push(JSON.parse(data as string) as DownFrame);
    wake();
  });
  socket.addEventListener('close', () => {
    isOver = true;
    wake();
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error(`${url} does not answer`)));
  });
  async function* read(): AsyncGenerator<DownFrame> {
    for (;;) {
      const frame = queue.shift();
      if (frame) yield frame;
      else if (isOver) return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }
  const frames = read();
  const send = (frame: UpFrame): void => socket.send(JSON.stringify(frame));
  send({ t: 'hello', v: PROTOCOL_VERSION, client: 'raw' });
  const { value } = await frames.next();
  if (value?.t !== 'welcome') throw new Error(`not welcomed: ${JSON.stringify(value)}`);
  const close = (): void => socket.close();
  const next = async (): Promise<DownFrame | undefined> => {
    const { value: frame, done } = await frames.next();
    return done ? undefined : frame;
  };
  return { send, frames, next, close, [Symbol.asyncDispose]: () => Promise.resolve(close()) };
}
