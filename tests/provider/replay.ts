import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerEntry } from './ledger.ts';
import type { Options } from './options.ts';

export interface Stats {
  requests: number;
  chunks: number;
  finished: number;
  clientAborted: number;
  faults: number;
  /** Kept responses that were cancelled. */
  cancelled: number;
  open: number;
}

/** One event as it is written, and the text of the answer in it. */
export interface Packet {
  readonly written: string;
  readonly text: string;
}

export interface Replay {
  readonly packets: readonly Packet[];
  /** What comes after the last. */
  readonly endMark: string;
  /** What is written where junk is asked for. */
  readonly junk: string;
  readonly contentType?: string;
  /** Resolves when this packet exists, where that does not depend on its reader; else `gap` and `burst` pace it. */
  readonly made?: (i: number, gone: AbortSignal) => Promise<void>;
  readonly options: Options;
  readonly faulty: boolean;
  readonly entry: LedgerEntry;
  readonly stats: Stats;
  /** Aborts when the client goes, or when the answer is complete. */
  readonly gone: AbortSignal;
}

/** Writes a stream as its options say; answers when nothing more will be written. */
export async function replay(response: ServerResponse, asked: Replay): Promise<void> {
  const { packets, options, faulty, entry, stats, gone, contentType = 'text/event-stream' } = asked;
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
  response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-cache' });
  response.flushHeaders();
  const write = (text: string): Promise<void> => put(response, text, options.split, gone);

  for (const [i, packet] of packets.entries()) {
    if (i === cut) return destroy(response);
    if (i === stall) return silence(response, options.drip, gone);
    if (i === junk) await write(asked.junk);
    if (asked.made) await asked.made(i, gone);
    if (gone.aborted) return;
    entry.sent += packet.text;
    await write(packet.written);
    if (gone.aborted) return;
    stats.chunks++;
    if (!asked.made && gap > 0 && (i + 1) % burst === 0) await pause(gap, gone);
    if (gone.aborted) return;
  }
  if (asked.endMark !== '') await write(asked.endMark);
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
