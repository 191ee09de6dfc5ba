import type { ServerResponse } from 'node:http';
import type { Clock } from '@openclaw-runtime/kit';
import type { GatewayContext } from '../admission/options.ts';

/** Milliseconds between two lines that say how far something is. */
const PROGRESS_MS = 250;

/** Answers with lines of JSON: `{share}` now and then, at last `{report}` or `{error}`. Rejects where nothing was said before it failed, or nobody is there to be told. */
export async function inLines<T>(
  context: Pick<GatewayContext, 'clock' | 'shown'>,
  response: ServerResponse,
  work: (onProgress: (share: number) => void) => Promise<T>,
  signal?: AbortSignal,
): Promise<void> {
  const say = (line: object): void => void response.write(`${JSON.stringify(line)}\n`);
  const begin = (): void => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  };
  const mayTell = atMostEvery(PROGRESS_MS, context.clock);
  try {
    const report = await work((share) => {
      if (!mayTell()) return;
      begin();
      say({ share });
    });
    begin();
    say({ report });
  } catch (error) {
    if (!response.headersSent || signal?.aborted) throw error;
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
