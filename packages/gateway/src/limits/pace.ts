const SLOT_MS = 50;
/** A second: what comes to pass in batches is even over that time. */
const SLOTS = 20;
/** Two seconds and a half: a pause in them is not taken for all that can be done. */
const REMEMBERED = 50;

/** How much of something comes to pass in a time. */
export class Pace {
  readonly #slots = new Int32Array(SLOTS);
  /** What the second came to that ended with that slot. */
  readonly #seconds = new Int32Array(REMEMBERED);
  #slot = 0;
  #firstSlot = 0;
  /** Of all slots, and the best of the seconds: asked for with each request that finds others waiting. */
  #sum = 0;
  #best = 0;

  add(count: number, now: number): void {
    this.#turnTo(now);
    this.#slots[this.#slot % SLOTS] = (this.#slots[this.#slot % SLOTS] as number) + count;
    this.#sum += count;
  }

  /** Milliseconds that so many of them take, by the last second or, where `hopes`, the best of those that ended lately; undefined: there was none. */
  msFor(count: number, now: number, hopes: boolean): number | undefined {
    this.#turnTo(now);
    const best = hopes ? this.#best : 0;
    const seen = Math.min(this.#slot - this.#firstSlot + 1, SLOTS);
    const perMs = Math.max(best / (SLOTS * SLOT_MS), this.#sum / Math.max((seen - 1) * SLOT_MS + (now % SLOT_MS), 1));
    return perMs === 0 ? undefined : count / perMs;
  }

  #turnTo(now: number): void {
    const slot = Math.floor(now / SLOT_MS);
    if (slot === this.#slot) return;
    if (this.#firstSlot === 0 || slot - this.#slot >= REMEMBERED) {
      this.#slots.fill(0);
      this.#seconds.fill(0);
      this.#sum = 0;
      this.#firstSlot = slot;
    } else
      for (let ended = this.#slot; ended < slot; ended++) {
        this.#seconds[ended % REMEMBERED] = ended - this.#firstSlot + 1 >= SLOTS ? this.#sum : 0;
        this.#sum -= this.#slots[(ended + 1) % SLOTS] as number;
        this.#slots[(ended + 1) % SLOTS] = 0;
      }
    this.#best = Math.max(...this.#seconds);
    this.#slot = slot;
  }
}
