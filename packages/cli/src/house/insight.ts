import type { Insight } from '@openclaw-runtime/gateway';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Runtime } from '@openclaw-runtime/runtime';

/** What the runtime knows beside the log, for whoever asks the gateway. `most`: runs that may be at work at once. */
export function createInsight(
  runtime: Pick<Runtime, 'waits' | 'health' | 'active'>,
  most: () => number,
  more: Pick<Insight, 'status' | 'reload'> = {},
): Insight {
  return {
    ...more,
    waits: (key) => runtime.waits(key) ?? [{ for: 'queue', detail: `${runtime.active} of ${most()} runs are at work` }],
    tiers: () => (runtime.health?.list() ?? []).toSorted((a, b) => b.tier - a.tier || b.reading.calls - a.reading.calls),
    setTier(of, name, tier) {
      if (!runtime.health)
        throw new OpenClawError('NOT_IMPLEMENTED', 'This server has no tiers: tiers.enabled is false in its configuration.');
      runtime.health.set(of, name, tier);
    },
  };
}
