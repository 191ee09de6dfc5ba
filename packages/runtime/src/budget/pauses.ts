import type { BudgetPause } from '@openclaw-runtime/protocol';
import type { RunKey } from '@openclaw-runtime/store';

/** Which runs of this process wait for a budget, those included that are parked. */
export class Pauses {
  readonly #paused = new Map<RunKey, BudgetPause>();
  readonly #followers = new Map<RunKey, Set<(pause: BudgetPause | undefined) => void>>();

  /** `undefined`: it goes on, or has ended. */
  set(key: RunKey, pause: BudgetPause | undefined): void {
    if (pause) this.#paused.set(key, pause);
    else this.#paused.delete(key);
    for (const follower of this.#followers.get(key) ?? []) follower(pause);
  }

  /** Calls back at once for a run that waits, and at each change, until the returned function is called. */
  follow(key: RunKey, follower: (pause: BudgetPause | undefined) => void): () => void {
    const followers = this.#followers.get(key) ?? new Set();
    this.#followers.set(key, followers);
    followers.add(follower);
    const pause = this.#paused.get(key);
    if (pause) follower(pause);
    return () => {
      followers.delete(follower);
      if (followers.size === 0) this.#followers.delete(key);
    };
  }
}
