import { type Choice, choose, folderOf, type Need } from './choose.ts';
import { type Hand, openHand } from './hand.ts';
import type { Loss, ResolvedPoolOptions } from './options.ts';

/** All threads of a pool. */
export interface Crew extends Iterable<Hand> {
  /** A thread with a place for it; `undefined` while there is none. */
  place(need: Need): Hand | undefined;
  /** Starts a thread for what comes next, where none is at rest and there is room. */
  keepSpare(): void;
  /** One look of the watchdog at each of them; `lateMs` after it was due. */
  look(lateMs: number): void;
  /** Resolves when all have ended, or were given up. */
  close(): Promise<void>;
}

export interface CrewOwner {
  /** There may be a place now that was not there before. */
  freed(): void;
  /** There are fewer threads that can be used. */
  changed(): void;
  lost(loss: Loss): void;
  stuck(loss: Loss): void;
}

/** Milliseconds without a spare after one was lost that had nothing to do: what it was given at its start may be what ends it. */
const SPARE_REST_MS = 10_000;
/** What a look counts that came late: the machine that held us up may have held up the threads. */
const LATE_WEIGHT = 1 / 4;
/** Threads beyond the most there are to be, while as many only wait for a person or for another run. */
const MAX_RESTING = 16;
/** Modules that a spare imports ahead. */
const MAX_AHEAD = 16;

export function createCrew(options: ResolvedPoolOptions, owner: CrewOwner): Crew {
  const { clock, maxThreads, callsPerThread, heapMiB, timeouts } = options;
  const hands = new Set<Hand>();
  const folders = new Set(options.modules.map(folderOf));
  /** Modules that were imported without trouble, by agent; those of late last. */
  const ahead = new Map<string, string>();
  /** The last of them. */
  let latest: string | undefined;
  let count = 0;
  let spareFromMs = Number.NEGATIVE_INFINITY;
  let settled: (() => void) | undefined;

  /** Those that do not end keep no place, and those whose calls all wait for others keep none, lest these wait for that place; until there are too many of them. */
  const hasRoom = (): boolean => {
    let stuck = 0;
    let resting = 0;
    for (const { phase, calls } of hands) {
      if (phase === 'stuck') stuck++;
      else if (phase === 'working' && calls.allRest) resting++;
    }
    return hands.size - Math.min(stuck, maxThreads) - Math.min(resting, MAX_RESTING) < maxThreads;
  };

  const start = (heap: number): Hand => {
    const hand: Hand = openHand({ name: `thread ${++count}`, heapMiB: heap, folders: [...folders] }, options, {
      freed: owner.freed,
      changed: owner.changed,
      lost(loss) {
        if (hand.calls.size === 0) spareFromMs = clock.now() + SPARE_REST_MS;
        owner.lost(loss);
      },
      stuck(loss) {
        owner.stuck(loss);
        settle();
      },
      ended() {
        hands.delete(hand);
        settle();
        owner.changed();
      },
    });
    hands.add(hand);
    return hand;
  };

  const settle = (): void => {
    for (const { phase } of hands) if (phase !== 'stuck') return;
    settled?.();
  };

  const remember = ({ agent, module, dedicated }: Need): void => {
    if (dedicated || (latest === agent && ahead.get(agent) === module)) return;
    latest = agent;
    ahead.delete(agent);
    ahead.set(agent, module);
    const [oldest] = ahead.keys();
    if (ahead.size > MAX_AHEAD && oldest !== undefined) ahead.delete(oldest);
  };

  const act = (choice: Choice, need: Need): Hand | undefined => {
    switch (choice.kind) {
      case 'use':
        return choice.hand;
      case 'start':
        return start(need.heapMiB);
      case 'end':
        if (![...hands].some(({ phase }) => phase === 'ending')) choice.hand.end();
        return undefined;
      case 'wait':
        return undefined;
    }
  };

  const isSpare = (hand: Hand): boolean =>
    hand.phase === 'working' && hand.calls.size === 0 && hand.owner === undefined && hand.order.heapMiB === heapMiB;

  return {
    [Symbol.iterator]: () => hands.values(),
    place(need) {
      folders.add(need.folder);
      const hand = act(choose(need, hands, hasRoom(), callsPerThread), need);
      if (!hand) return undefined;
      if (need.dedicated) hand.owner = need.agent;
      if (hand.modules.get(need.agent)?.done) remember(need);
      return hand;
    },
    keepSpare() {
      for (const hand of hands) if (isSpare(hand)) return;
      if (!hasRoom() || clock.now() < spareFromMs) return;
      const hand = start(heapMiB);
      for (const [agent, module] of ahead) hand.load(agent, module).catch(() => undefined);
    },
    look(lateMs) {
      for (const hand of hands) hand.look(lateMs > timeouts.lookMs / 2 ? LATE_WEIGHT : 1);
      const resting = [...hands].filter(({ phase, calls }) => phase === 'working' && calls.size === 0);
      const spare = resting.findLast(isSpare);
      for (const hand of resting) if (hand !== spare && clock.now() - hand.idleSinceMs >= timeouts.idleMs) hand.end();
    },
    async close() {
      const { promise, resolve } = Promise.withResolvers<void>();
      settled = resolve;
      for (const hand of hands) hand.end();
      settle();
      await promise;
    },
  };
}
