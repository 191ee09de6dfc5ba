/** A token bucket that is told its rate: it holds two numbers, so that there can be one for each key. */
export class Bucket {
  #left: number;
  #at: number;

  constructor(burst: number, now: number) {
    this.#left = burst;
    this.#at = now;
  }

  /** Milliseconds until `count` could be taken; 0: they may be taken now. More than the bucket holds may be taken of a full one. */
  waitMs(count: number, perSecond: number, burst: number, now: number): number {
    this.#fill(perSecond, burst, now);
    const missing = Math.min(count, burst) - this.#left;
    return missing <= 0 ? 0 : Math.ceil((missing / perSecond) * 1_000);
  }

  /** May leave a debt, which is waited for. */
  take(count: number): void {
    this.#left -= count;
  }

  /** Whole ones that are left. */
  left(perSecond: number, burst: number, now: number): number {
    this.#fill(perSecond, burst, now);
    return Math.max(Math.floor(this.#left), 0);
  }

  #fill(perSecond: number, burst: number, now: number): void {
    if (now === this.#at) return;
    this.#left = Math.min(burst, this.#left + ((now - this.#at) / 1_000) * perSecond);
    this.#at = now;
  }
}
