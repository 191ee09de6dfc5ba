import { type Clock, sleep } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';

/** A full disk is waited for: what is there is not thrown away for it. */
export async function whenNotFull<T>(clock: Clock, signal: AbortSignal, write: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof OpenClawError && error.code === 'STORE_FULL')) throw OpenClawError.from(error);
      await sleep(clock, error.retryAfterMs ?? 1_000, signal);
    }
  }
}
