import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { GatewayContext } from '../admission/options.ts';
import { inLines } from './lines.ts';
import { respondJson } from './respond.ts';
import { takeTime } from './take-time.ts';

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
  takeTime(response, context.limits.stalledMs);
  const { upkeep } = context.store;
  if (!request.headers.accept?.includes('application/x-ndjson'))
    return unlessGone(gone.signal, async () => respondJson(response, 200, await upkeep.verify({ signal: gone.signal })));
  const verify = (onProgress: (share: number) => void) => upkeep.verify({ signal: gone.signal, onProgress });
  return unlessGone(gone.signal, () => inLines(context, response, verify, gone.signal));
}

/** Nobody is there to be told. */
async function unlessGone(signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
