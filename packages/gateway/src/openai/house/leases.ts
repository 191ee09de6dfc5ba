import type { WireRecord } from '@openclaw-runtime/protocol';
import { type RunKey, tenantOf } from '@openclaw-runtime/store';
import type { GatewayContext } from '../../admission/options.ts';
import { submitCommand } from '../../admission/submit.ts';
import { unended } from '../../admission/unended.ts';
import { createTenants } from '../../identity/tenants.ts';
import type { Created } from '../reading/follow.ts';

/** Runs that are only wanted while somebody waits for them. */
export interface Leases {
  /** Somebody waits. The returned function says that he left; when nobody is left for `graceMs` the run is cancelled, unless it has ended. */
  hold(key: RunKey, graceMs: number): (isOver: boolean) => void;
  /** Looks for such runs of a server that died, of all tenants: each is cancelled unless somebody comes for it in time. */
  recover(): Promise<void>;
  /** Nobody is to be cancelled any more: the server goes, and clients with it. */
  stop(): void;
}

export function createLeases(context: Pick<GatewayContext, 'store' | 'clock'>): Leases {
  const { store, clock } = context;
  const waiting = new Map<RunKey, number>();
  const ends = new Map<RunKey, () => void>();
  const tenants = createTenants(store.state);
  let isStopped = false;

  const cancel = (key: RunKey): void => {
    ends.delete(key);
    if (isStopped || waiting.has(key)) return;
    // It may have ended by now.
    submitCommand(store, key, { id: 'disconnected', kind: 'cancel' }).catch(() => undefined);
  };
  const cancelIn = (key: RunKey, ms: number): void => {
    ends.get(key)?.();
    if (ms === 0) cancel(key);
    else
      ends.set(
        key,
        clock.after(ms, () => cancel(key)),
      );
  };

  return {
    hold(key, graceMs) {
      ends.get(key)?.();
      ends.delete(key);
      waiting.set(key, (waiting.get(key) ?? 0) + 1);
      tenants.add(tenantOf(key));
      return (isOver) => {
        const left = (waiting.get(key) ?? 1) - 1;
        if (left > 0) return void waiting.set(key, left);
        waiting.delete(key);
        if (!isOver && !isStopped) cancelIn(key, graceMs);
      };
    },
    async recover() {
      for (const tenant of await tenants.all()) {
        for await (const key of unended(context, tenant)) {
          if (isStopped) return;
          const leaseMs = await leaseOf(context, key);
          if (leaseMs !== undefined && !waiting.has(key) && !isStopped) cancelIn(key, leaseMs);
        }
      }
    },
    stop() {
      isStopped = true;
      for (const callOff of ends.values()) callOff();
      ends.clear();
    },
  };
}

async function leaseOf({ store }: Pick<GatewayContext, 'store'>, key: RunKey): Promise<number | undefined> {
  try {
    const { chunk, snapshot } = await store.runs.read(key, 0, 1);
    const [first] = JSON.parse(`[${chunk?.body ?? snapshot?.creation}]`) as [WireRecord];
    const { door } = first[3] as Created;
    return typeof door?.['leaseMs'] === 'number' ? door['leaseMs'] : undefined;
  } catch {
    return undefined;
  }
}
