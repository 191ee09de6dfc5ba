import type { Hand } from './hand.ts';

/** What a call needs of a thread. */
export interface Need {
  readonly agent: string;
  readonly module: string;
  /** {@link folderOf} the module. */
  readonly folder: string;
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
  let known: Hand | undefined;
  let idle: Hand | undefined;
  let any: Hand | undefined;
  let useless: Hand | undefined;
  for (const hand of hands) {
    const { phase, calls } = hand;
    if (phase !== 'working') continue;
    if (!fits(need, hand)) {
      if (calls.size === 0) useless ??= hand;
      continue;
    }
    if (need.dedicated ? calls.size > 0 : calls.busy >= callsPerThread || calls.size >= MAX_CALLS) continue;
    if (need.dedicated ? hand.owner === need.agent : hand.modules.get(need.agent)) known = lighter(known, hand);
    if (calls.size === 0) idle = lighter(idle, hand);
    any = lighter(any, hand);
  }
  const hand = known ?? idle ?? (room ? undefined : any);
  if (hand) return { kind: 'use', hand };
  if (room) return { kind: 'start' };
  return useless ? { kind: 'end', hand: useless } : { kind: 'wait' };
}

/** The folder that a module may read. */
export function folderOf(module: string): string {
  return new URL('.', module).href;
}

function fits({ agent, module, folder, heapMiB, dedicated }: Need, { order, owner, modules }: Hand): boolean {
  const known = modules.get(agent);
  if (known && known.module !== module) return false;
  if (owner !== undefined && !(dedicated && owner === agent)) return false;
  return order.heapMiB === heapMiB && order.folders.includes(folder);
}

/** Of equals the one that came first. */
function lighter(best: Hand | undefined, hand: Hand): Hand {
  return best && best.calls.busy <= hand.calls.busy ? best : hand;
}
