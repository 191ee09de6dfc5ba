import type { Answered, Ask } from '@openclaw-runtime/agent';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { StopSignal } from '../src/abort/stop-signal.ts';
import type { ThreadCall } from '../src/pool/threads.ts';

/** What the code of a call asks by, as the pool does it. */
export function askOf(call: ThreadCall): (request: Ask) => Promise<Answered> {
  return async (request) => {
    try {
      return await call.ask(request);
    } catch (thrown) {
      call.refused?.(OpenClawError.from(thrown, 'AGENT_FAILED'));
      throw thrown;
    }
  };
}

/** The same as an `AbortSignal`, for code that takes nothing else. */
export function abortSignalOf(stop: StopSignal): AbortSignal {
  const controller = new AbortController();
  if (stop.aborted) controller.abort(stop.reason);
  else stop.addEventListener('abort', { handleEvent: () => controller.abort(stop.reason) }, { once: true });
  return controller.signal;
}
