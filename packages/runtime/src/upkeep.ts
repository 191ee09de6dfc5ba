import { type Clock, sleep } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { RetentionPolicy, Store } from '@openclaw-runtime/store';

export interface UpkeepOptions {
  readonly store: Store;
  readonly policy: RetentionPolicy;
  readonly clock: Clock;
  /** One line for the operator, when something happened. */
  log(line: string): void;
}

export interface UpkeepLoop {
  /** Begins no other pass. The one at work ends with the store. */
  stop(): void;
  /** From the next pass on. */
  change(policy: RetentionPolicy): void;
}

const EVERY_MS = 60_000;

/** Has the store apply its policy at once, and a minute after each pass. */
export function startUpkeep({ store, policy: first, clock, log }: UpkeepOptions): UpkeepLoop {
  let policy = first;
  const stopping = new AbortController();
  const { signal } = stopping;
  /** What was said of damage is not said each minute. */
  const told = new Set<string>();

  const pass = async (): Promise<void> => {
    const { compacted, deleted, freedBytes, damaged } = await store.upkeep.compact(policy, clock.wall());
    if (compacted + deleted > 0) log(`upkeep: ${compacted} runs compacted, ${deleted} deleted, ${freedBytes} bytes freed`);
    for (const { key, message } of damaged) {
      if (!told.has(key)) log(`upkeep: run ${key} was left as it is: ${message}`);
      told.add(key);
    }
  };

  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await pass();
      } catch (error) {
        if (!signal.aborted) log(`upkeep: ${OpenClawError.from(error).message}`);
      }
      await sleep(clock, EVERY_MS, signal).catch(() => undefined);
    }
  };
  void loop();

  return {
    stop: () => stopping.abort(),
    change(next) {
      policy = next;
    },
  };
}
