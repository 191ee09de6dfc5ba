import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';

/**
 * Does `work` until it is done, `signal` aborts or the time is over (`TOOL_TIMEOUT`). It is told by its own signal and no longer waited for, so that work
 * which does not listen holds nobody up.
 */
export async function within<T>(
  clock: Clock,
  name: string,
  timeoutMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const own = new AbortController();
  const late = (): void => own.abort(new OpenClawError('TOOL_TIMEOUT', `${name} did not end within ${timeoutMs} ms.`));
  const stop = (): void => own.abort(signal.reason);
  const cancel = clock.after(timeoutMs, late);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await orAbort(work(own.signal), own.signal);
  } finally {
    cancel();
    signal.removeEventListener('abort', stop);
  }
}

/** The promise's outcome, or the signal's reason as soon as it aborts. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
