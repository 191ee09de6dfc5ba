import type { ServerResponse } from 'node:http';
import type { GatewayContext } from '../../admission/options.ts';
import { takeTime } from '../../http/take-time.ts';

/** One client's stream of events. It begins when something is worth saying, so that what fails before can still be an HTTP error. */
export interface Outlet {
  /** Aborts when the client went, or takes nothing for too long. */
  readonly gone: AbortSignal;
  readonly isOpen: boolean;
  /** `isNews`: the stream begins with it, unless it has. */
  write(events: string, isNews: boolean): void;
  /** A sign of life, where there was none for a while. */
  beat(): void;
  /** Resolves when the client has taken what was written, or is gone. */
  drained(): Promise<void>;
  end(): void;
}

/** Milliseconds until a stream begins though there is nothing to say. */
const PATIENCE_MS = 2_000;

export function createOutlet(
  { clock, limits }: Pick<GatewayContext, 'clock' | 'limits'>,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
): Outlet {
  const gone = new AbortController();
  let wake: () => void = () => undefined;
  /** All choices of an answer wait for the same. */
  let draining: Promise<void> | undefined;
  let early = '';
  let isOpen = false;
  let beatAt = clock.now();
  takeTime(response, limits.stalledMs);
  const open = (): void => {
    if (isOpen || gone.signal.aborted || response.headersSent) return;
    isOpen = true;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no', ...headers });
    response.flushHeaders();
    if (early !== '') response.write(early);
    early = '';
  };
  const cancelOpening = clock.after(PATIENCE_MS, open);
  const leave = (): void => {
    cancelOpening();
    gone.abort();
    wake();
  };
  response.on('close', leave);
  response.on('drain', () => wake());
  if (response.destroyed) leave();

  return {
    gone: gone.signal,
    get isOpen() {
      return isOpen;
    },
    write(events, isNews) {
      if (gone.signal.aborted) return;
      if (isNews) open();
      beatAt = clock.now();
      if (isOpen) response.write(events);
      else early += events;
    },
    beat() {
      if (!isOpen || clock.now() - beatAt < limits.heartbeatMs) return;
      beatAt = clock.now();
      response.write(': heartbeat\n\n');
    },
    async drained() {
      if (!response.writableNeedDrain || gone.signal.aborted) return;
      draining ??= new Promise((resolve) => {
        const cancel = clock.after(limits.stalledMs, () => response.destroy());
        wake = () => {
          cancel();
          draining = undefined;
          resolve();
        };
      });
      await draining;
    },
    end() {
      cancelOpening();
      open();
      response.end();
    },
  };
}
