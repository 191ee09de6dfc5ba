import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Chunk, textOf } from './chunks.ts';
import type { LedgerEntry } from './ledger.ts';
import type { Options } from './options.ts';

export interface Stats {
  requests: number;
  chunks: number;
  finished: number;
  clientAborted: number;
  faults: number;
  open: number;
}

export interface Replay {
  readonly chunks: readonly Chunk[];
  /** The chunks' exact lines, where nothing was changed in them. */
  readonly lines: readonly string[];
  readonly options: Options;
  readonly faulty: boolean;
  readonly entry: LedgerEntry;
  readonly stats: Stats;
  /** Aborts when the client goes, or when the answer is complete. */
  readonly gone: AbortSignal;
}

const JUNK = 'data: {"choices": [{"delta": oops, no JSON}]\n\n';

/** Writes a stream as its options say; answers when nothing more will be written. */
export async function replay(response: ServerResponse, { chunks, lines, options, faulty, entry, stats, gone }: Replay): Promise<void> {
  const { gap, burst, junk } = options;
  const cut = faulty ? options.cut : undefined;
  const stall = faulty ? options.stall : undefined;
  const leave = (): void => {
    if (response.writableFinished) return;
    if (faulty) entry.status = 'fault';
    else {
      entry.status = 'aborted';
      stats.clientAborted++;
    }
  };
  if (gone.aborted) return leave();
  gone.addEventListener('abort', leave, { once: true });
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.flushHeaders();
  const write = (text: string): Promise<void> => put(response, text, options.split, gone);

  for (const [i, chunk] of chunks.entries()) {
    if (i === cut) return destroy(response);
    if (i === stall) return silence(response, options.drip, gone);
    if (i === junk) await write(JUNK);
    entry.sent += textOf(chunk);
    await write(`data: ${lines[i]}\n\n`);
    if (gone.aborted) return;
    stats.chunks++;
    if (gap > 0 && (i + 1) % burst === 0) await pause(gap, gone);
    if (gone.aborted) return;
  }
  await write('data: [DONE]\n\n');
  if (gone.aborted) return;
  entry.status = 'finished';
  stats.finished++;
  response.end();
}

/** Waits, or returns early when the client goes. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

async function put(response: ServerResponse, text: string, split: number, signal: AbortSignal): Promise<void> {
  if (split === 0) {
    if (!response.write(text)) await drained(response, signal);
    return;
  }
  const bytes = Buffer.from(text);
  for (let i = 0; i < bytes.length && !signal.aborted; i += split) {
    response.write(bytes.subarray(i, i + split));
    // A turn of the event loop between two writes makes them two packets.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      response.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.on('drain', done);
    signal.addEventListener('abort', done);
  });
}

/** What was written before arrives, then the socket dies. */
async function destroy(response: ServerResponse): Promise<void> {
  await sleep(10);
  response.destroy();
}

/** Sends nothing more, or comments only, until the client goes. */
async function silence(response: ServerResponse, dripMs: number | undefined, signal: AbortSignal): Promise<void> {
  if (dripMs === undefined) {
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    return;
  }
  while (!signal.aborted) {
    response.write(': drip\n\n');
    await pause(Math.max(dripMs, 1), signal);
  }
}
