import type { OpenClawClient } from '@openclaw-runtime/client';
import type { Clock } from '@openclaw-runtime/kit';
import { CLOSE_CODES, type OpenClawError } from '@openclaw-runtime/protocol';

/** One connection for all answers that are under way. */
export interface Line {
  /** Connects where nothing is connected. Rejects with why there is no connection; the next call tries anew. */
  take(): Promise<Held>;
}

export interface Held {
  readonly client: OpenClawClient;
  /** Nothing of it is wanted any more. */
  release(): void;
}

interface Open {
  readonly client: OpenClawClient;
  readonly connected: Promise<void>;
  users: number;
  callOff: () => void;
}

/** `idleMs`: how long a connection stays that nobody uses; it would keep the process alive. */
export function createLine(create: () => OpenClawClient, address: string, clock: Clock, idleMs: number): Line {
  let current: Open | undefined;

  const forget = (open: Open): void => {
    if (current === open) current = undefined;
  };

  const close = (open: Open): void => {
    forget(open);
    open.client.close();
  };

  const release = (open: Open): void => {
    open.users--;
    if (open.users > 0) return;
    if (current === open) open.callOff = clock.after(idleMs, () => close(open));
    else close(open);
  };

  const connect = (): Open => {
    const client = create();
    const open: Open = { client, connected: client.connect(address), users: 0, callOff: () => undefined };
    // Given up: whoever comes next tries anew. What only breaks off mends itself.
    client.on('error', (error) => {
      if (isOfConnection(error)) forget(open);
    });
    return open;
  };

  return {
    async take() {
      const open = (current ??= connect());
      open.users++;
      open.callOff();
      let isHeld = true;
      const held: Held = {
        client: open.client,
        release() {
          if (isHeld) release(open);
          isHeld = false;
        },
      };
      try {
        await open.connected;
        return held;
      } catch (error) {
        forget(open);
        held.release();
        throw error;
      }
    },
  };
}

/** Others are of one run, and the connection stays. */
function isOfConnection({ code, retryable }: OpenClawError): boolean {
  return code === 'RECONNECT_FAILED' || (!retryable && Object.hasOwn(CLOSE_CODES, code));
}
