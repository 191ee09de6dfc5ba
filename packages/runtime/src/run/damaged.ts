import { encodeRecord, NO_USAGE, OpenClawError, type Outcome, type Usage } from '@openclaw-runtime/protocol';
import type { Lease, Store } from '@openclaw-runtime/store';
import { replayRun } from './replay.ts';

/** Ends a run of which records or commands are lost, behind what is intact: nothing is asked of a model that may have been asked before. It takes no commands. */
export function executeDamaged(lease: Lease, damage: string, store: Store) {
  let isReleased = false;
  return {
    command: () => undefined,
    look: () => undefined,
    waits: () => [],
    release() {
      isReleased = true;
    },
    over: endDamaged(lease, damage, store, () => isReleased),
  };
}

async function endDamaged(lease: Lease, damage: string, store: Store, isReleased: () => boolean): Promise<undefined> {
  const usage = await usageOf(lease, store);
  for (let coming = lease.incoming(); coming; coming = lease.incoming()) await coming;
  if (isReleased()) return undefined;
  const error = new OpenClawError(
    'DATA_DAMAGED',
    `What the disk had of this run is damaged: ${damage}. Ask again with a new key, or restore a backup.`,
  );
  const outcome: Outcome = { status: 'needs_attention', error: error.toBody(), usage };
  try {
    lease.append([encodeRecord('run.finished', 0, 0, outcome)], 'disk', true);
  } catch (thrown) {
    // Another owner has the run, or nobody can write it.
    if (!(thrown instanceof OpenClawError)) throw thrown;
  }
  return undefined;
}

/** As far as it is known. */
async function usageOf(lease: Lease, store: Store): Promise<Usage> {
  try {
    return (await replayRun(store, lease.key, lease.head.seq)).fold.usage;
  } catch {
    return NO_USAGE;
  }
}
