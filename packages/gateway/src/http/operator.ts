import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '@openclaw-runtime/kit';
import type { Store } from '@openclaw-runtime/store';
import type { GatewayContext } from '../admission/options.ts';
import { respondJson } from './respond.ts';

/** Milliseconds between two lines that say how far a verification is. */
const PROGRESS_MS = 250;

/** `GET /v1/backup`: a copy of all data as they are now. It has the length it announces only when it is whole; one at a time. */
export async function streamBackup({ store }: Pick<GatewayContext, 'store'>, response: ServerResponse): Promise<void> {
  const backup = await store.upkeep.backup();
  if (response.destroyed) return backup.cancel();
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': String(backup.bytes),
    'content-disposition': 'attachment; filename="openclaw.backup"',
    'cache-control': 'no-store',
  });
  try {
    await pipeline(backup.parts, response);
  } catch (error) {
    // The peer went: nobody is there to be told.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

/**
 * `POST /v1/verify`: the report of a verification. With `Accept: application/x-ndjson` lines `{share}` come first, and the report as `{report}`. It ends when the peer
 * goes.
 */
export async function verifyData(context: GatewayContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort(new Error('the peer went away')));
  // It may take longer than a silent connection is given.
  request.socket.setTimeout(0);
  const { upkeep } = context.store;
  if (!request.headers.accept?.includes('application/x-ndjson'))
    return unlessGone(gone.signal, async () => respondJson(response, 200, await upkeep.verify({ signal: gone.signal })));
  return unlessGone(gone.signal, () => verifyInLines(context, upkeep, response, gone.signal));
}

async function verifyInLines(
  context: GatewayContext,
  upkeep: Store['upkeep'],
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const say = (line: object): void => void response.write(`${JSON.stringify(line)}\n`);
  const begin = (): void => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  };
  const mayTell = atMostEvery(PROGRESS_MS, context.clock);
  const onProgress = (share: number): void => {
    if (!mayTell()) return;
    begin();
    say({ share });
  };
  try {
    const report = await upkeep.verify({ signal, onProgress });
    begin();
    say({ report });
  } catch (error) {
    if (!response.headersSent || signal.aborted) throw error;
    say({ error: context.shown(error).toBody() });
  }
  response.end();
}

function atMostEvery(ms: number, clock: Clock): () => boolean {
  let next = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.now();
    if (now < next) return false;
    next = now + ms;
    return true;
  };
}

/** Nobody is there to be told. */
async function unlessGone(signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
