import { chain, type DownFrame, decodeRecord, PROTOCOL_VERSION, SUBPROTOCOL, type WireRecord } from '@openclaw-runtime/protocol';
import { WebSocket } from 'ws';

/** What a viewer saw of one run. */
export interface RawLog {
  /** The records' texts, in order. */
  readonly records: readonly string[];
  readonly text: () => string;
  /** Resolves when `run.finished` came; rejects when the connection or the log breaks first. */
  readonly done: Promise<void>;
}

/** A viewer of some runs at the level of frames, which can stop reading its socket. It fails on a hole, a duplicate and a wrong chain. */
export interface RawViewer extends Disposable {
  /** In the order in which the runs were named. */
  readonly logs: readonly RawLog[];
  pause(): void;
  resume(): void;
}

/** Attaches to runs from their starts. Resolves when the server has answered all. */
export async function viewRaw(url: string, ...runs: string[]): Promise<RawViewer> {
  const socket = new WebSocket(url, SUBPROTOCOL);
  const logs = runs.map(() => createLog());
  const attached = Promise.withResolvers<void>();
  let answers = 0;

  const receive = (frame: DownFrame): void => {
    if (frame.t === 'welcome') for (const [ch, run] of runs.entries()) socket.send(JSON.stringify({ t: 'attach', ch, run }));
    else if (frame.t === 'attached' && ++answers === runs.length) attached.resolve();
    else if (frame.t === 'ev') for (const [ch, first, batch, h] of frame.b) logs[ch]?.take(first, batch, h);
    else if (frame.t === 'err') throw new Error(`${frame.code}: ${frame.message}`);
  };
  const fail = (error: unknown): void => {
    attached.reject(error);
    for (const log of logs) log.fail(error);
  };

  socket.on('open', () => socket.send(JSON.stringify({ t: 'hello', v: PROTOCOL_VERSION, client: 'raw' })));
  socket.on('message', (data: Buffer) => {
    try {
      receive(JSON.parse(data.toString()) as DownFrame);
    } catch (error) {
      fail(error);
    }
  });
  socket.on('error', fail);
  socket.on('close', (code) => fail(new Error(`closed with ${code}`)));
  await attached.promise;
  return { logs, pause: () => socket.pause(), resume: () => socket.resume(), [Symbol.dispose]: () => socket.terminate() };
}

interface GrowingLog extends RawLog {
  take(first: number, batch: readonly WireRecord[], mark: number): void;
  fail(error: unknown): void;
}

function createLog(): GrowingLog {
  const records: string[] = [];
  const texts: string[] = [];
  const done = Promise.withResolvers<void>();
  done.promise.catch(() => undefined);
  let h = 0;
  return {
    records,
    text: () => texts.join(''),
    done: done.promise,
    fail: (error) => done.reject(error),
    take(first, batch, mark) {
      if (first !== records.length + 1) throw new Error(`record ${first} came after ${records.length}`);
      for (const wire of batch) {
        const text = JSON.stringify(wire);
        records.push(text);
        h = chain(h, text);
        const record = decodeRecord(wire, records.length);
        if (record.kind === 'text') texts.push(record.data);
        if (record.kind === 'run.finished') done.resolve();
      }
      if (h !== mark) throw new Error(`the chain differs at ${records.length}`);
    },
  };
}
