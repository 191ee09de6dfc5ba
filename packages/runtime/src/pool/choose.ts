import type { Hand } from './hand.ts';

/** What a call needs of a thread. */
export interface Need {
  readonly agent: string;
  readonly module: string;
  readonly heapMiB: number;
  /** Nothing else may run there while it does. */
  readonly dedicated: boolean;
}

/** Calls of one thread, those that wait included. */
const MAX_CALLS = 4_096;

export type Choice =
  | { readonly kind: 'use'; readonly hand: Hand }
  | { readonly kind: 'start' }
  /** It has nothing to do and is of no use to this call: its place is. */
  | { readonly kind: 'end'; readonly hand: Hand }
  | { readonly kind: 'wait' };

/**
 * Where a call goes: to the thread with the fewest calls of those that have its module, then to one that has nothing to do, then to a new one while there is
 * room, then to any that has a place.
 */
export function choose(need: Need, hands: Iterable<Hand>, room: boolean, callsPerThread: number): Choice {
  const working = [...hands].filter(({ phase }) => phase === 'working');
  const fit = working.filter(
    (hand) =>
      fits(need, hand) && (need.dedicated ? hand.calls.size === 0 : hand.calls.busy < callsPerThread && hand.calls.size < MAX_CALLS),
  );
  const known = fit.filter((hand) => (need.dedicated ? hand.owner === need.agent : hand.modules.get(need.agent) !== undefined));
  const hand = fewest(known) ?? fewest(fit.filter(({ calls }) => calls.size === 0)) ?? (room ? undefined : fewest(fit));
  if (hand) return { kind: 'use', hand };
  if (room) return { kind: 'start' };
  const idle = working.find((one) => one.calls.size === 0 && !fits(need, one));
  return idle ? { kind: 'end', hand: idle } : { kind: 'wait' };
}

/** The folder that a module may read. */
export function folderOf(module: string): string {
  return new URL('.', module).href;
}

function fits({ agent, module, heapMiB, dedicated }: Need, { order, owner, modules }: Hand): boolean {
  const known = modules.get(agent);
  if (known && known.module !== module) return false;
  if (owner !== undefined && !(dedicated && owner === agent)) return false;
  return order.heapMiB === heapMiB && order.folders.includes(folderOf(module));
}

function fewest(hands: readonly Hand[]): Hand | undefined {
  let best: Hand | undefined;
  for (const hand of hands) if (!best || hand.calls.busy < best.calls.busy) best = hand;
  return best;
}
