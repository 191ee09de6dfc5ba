import type { Store } from '@openclaw-runtime/store';
import type { LogMeter } from './log-meter.ts';
import { MeteredLease } from './metered-lease.ts';

/** The same store, whose records and commands are counted on their way into the log. Where nothing is measured there is none of this. */
export function meteredStore(store: Store, meter: LogMeter): Store {
  const { commands } = meter.series;
  return {
    runs: store.runs,
    queue: {
      consume: (owner, capacity, consumer) =>
        store.queue.consume(owner, capacity, {
          leased: (lease) => consumer.leased(new MeteredLease(lease, meter)),
          command: (key, command) => consumer.command(key, command),
          late: (key, command) => consumer.late?.(key, command),
          lost: (key, error) => consumer.lost(key, error),
        }),
      claim: async (key, owner) => new MeteredLease(await store.queue.claim(key, owner), meter),
    },
    inbox: {
      put(key, command, late, maxWaiting) {
        commands.add(commands.at(command.kind));
        return store.inbox.put(key, command, late, maxWaiting);
      },
    },
    state: store.state,
    presence: store.presence,
    upkeep: store.upkeep,
    runId: store.runId,
    failed: store.failed,
    close: () => store.close(),
  };
}
