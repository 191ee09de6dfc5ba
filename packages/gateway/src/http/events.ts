import type { ServerResponse } from 'node:http';
import { decodeRecords, encodeCursor, foldText, type RunFold } from '@openclaw-runtime/protocol';
import type { Page, RunKey, Snapshot } from '@openclaw-runtime/store';
import type { GatewayContext } from '../admission/options.ts';
import { type Claim, locate } from '../admission/position.ts';

/**
 * Server-sent events of one run, from a cursor to the run's end: one event per record, read from the log as far as the peer takes them. Rejects before
 * the first byte with what `locate` rejects with; afterwards it only ever ends.
 */
export async function streamEvents(context: GatewayContext, response: ServerResponse, key: RunKey, claim: Claim): Promise<void> {
  const { store, limits, clock } = context;
  const { mode, head, from, snapshot } = await locate(store, key, claim, limits.snapshotDistance);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  response.flushHeaders();
  if (mode === 'reset') response.write(`event: reset\ndata: {"epoch":${head.epoch}}\n\n`);
  if (snapshot) response.write(snapshotEvent(head.epoch, snapshot));

  let gone = false;
  let wake: () => void = () => undefined;
  const stir = (): void => wake();
  response.on('close', () => {
    gone = true;
    stir();
  });
  response.on('drain', stir);
  const unfollow = store.runs.follow(key, stir);

  /** Until something happens, or a second has passed; `false` when the peer takes nothing for too long. */
  const wait = async (ms: number): Promise<void> => {
    await new Promise<void>((resolve) => {
      const cancel = clock.after(ms, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });
  };

  try {
    let after = from;
    let beatAt = clock.now();
    while (!gone) {
      if (response.writableNeedDrain) {
        const since = clock.now();
        while (response.writableNeedDrain && !gone && clock.now() - since < limits.stalledMs) await wait(limits.silenceMs);
        if (response.writableNeedDrain) return void response.destroy();
      }
      const page: Page = await store.runs.read(key, after, limits.feedBytes);
      if (page.chunk) {
        response.write(eventsOf(page, head.epoch));
        after = page.chunk.first + page.chunk.count - 1;
        beatAt = clock.now();
      }
      if (page.snapshot) {
        response.write(snapshotEvent(head.epoch, page.snapshot));
        after = page.snapshot.seq;
        beatAt = clock.now();
      }
      if (page.head.done && after >= page.head.seq) return void response.end();
      if ((page.chunk || page.snapshot) && after < page.head.seq) continue;
      await wait(limits.silenceMs);
      if (clock.now() - beatAt >= limits.heartbeatMs) {
        beatAt = clock.now();
        response.write(': heartbeat\n\n');
      }
    }
  } catch {
    response.destroy();
  } finally {
    unfollow();
  }
}

/** Stands for all events up to its seq. */
function snapshotEvent(epoch: number, { seq, fold: json }: Snapshot): string {
  const fold = JSON.parse(json) as RunFold;
  return event(epoch, seq, 'snapshot', { seq, text: foldText(fold), fold });
}

function eventsOf({ chunk }: Page, epoch: number): string {
  if (!chunk) return '';
  return decodeRecords(chunk.body, chunk.first)
    .map(({ seq, kind, step, attempt, data }) => event(epoch, seq, kind, { seq, kind, step, attempt, data }))
    .join('');
}

/** JSON has no raw line breaks, so one `data:` line holds any text. */
function event(epoch: number, seq: number, name: string, data: object): string {
  return `id: ${encodeCursor(epoch, seq)}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
