/** What happened: a try that went well, one that failed, one that took too long, or a loss of what carried it out. */
export type Event = 'ok' | 'failed' | 'timeout' | 'restart';

/** What happened within the window. */
export interface Reading {
  /** Tries that are over. */
  readonly calls: number;
  readonly failures: number;
  /** Of the failures. */
  readonly timeouts: number;
  /** Tries that went well, but too slowly. */
  readonly slow: number;
  readonly restarts: number;
  /** Milliseconds to the first word, on average; 0 where nobody spoke. */
  readonly meanMs: number;
}

const BUCKETS = 12;
const CALLS = 0;
const FAILURES = 1;
const TIMEOUTS = 2;
const SLOW = 3;
const RESTARTS = 4;
const SPOKE = 5;
const SPOKE_MS = 6;
const FIELDS = 7;

/** A sliding window: a ring of buckets, of which a new one takes the place of the oldest. Noting costs a few additions. Times are of a clock that never goes back. */
export class HealthWindow {
  readonly #bucketMs: number;
  readonly #slowMs: number;
  readonly #sums = new Float64Array(BUCKETS * FIELDS);
  /** The number of the youngest bucket since time began. */
  #youngest = -1;

  constructor(windowMs: number, slowMs: number) {
    this.#bucketMs = Math.max(windowMs / BUCKETS, 1);
    this.#slowMs = slowMs;
  }

  /** `ms`: to the first word. */
  note(nowMs: number, event: Event, ms?: number): void {
    const at = this.#turn(nowMs);
    if (event === 'restart') return this.#add(at + RESTARTS, 1);
    this.#add(at + CALLS, 1);
    if (event !== 'ok') this.#add(at + FAILURES, 1);
    if (event === 'timeout') this.#add(at + TIMEOUTS, 1);
    if (ms === undefined) return;
    this.#add(at + SPOKE, 1);
    this.#add(at + SPOKE_MS, ms);
    if (event === 'ok' && ms > this.#slowMs) this.#add(at + SLOW, 1);
  }

  /** `lastMs`: of the window, about; of all of it where that is more. */
  read(nowMs: number, lastMs = Number.POSITIVE_INFINITY): Reading {
    this.#turn(nowMs);
    const buckets = Math.min(Math.ceil(lastMs / this.#bucketMs), BUCKETS);
    const sum = (field: number): number => {
      let all = 0;
      for (let back = 0; back < buckets; back++) all += this.#sums[((this.#youngest + BUCKETS - back) % BUCKETS) * FIELDS + field] ?? 0;
      return all;
    };
    const spoke = sum(SPOKE);
    return {
      calls: sum(CALLS),
      failures: sum(FAILURES),
      timeouts: sum(TIMEOUTS),
      slow: sum(SLOW),
      restarts: sum(RESTARTS),
      meanMs: spoke === 0 ? 0 : sum(SPOKE_MS) / spoke,
    };
  }

  /** Forgets all that went wrong; what went well stays. */
  forgive(): void {
    const sums = this.#sums;
    for (let at = 0; at < sums.length; at += FIELDS) {
      (sums[at + CALLS] as number) -= sums[at + FAILURES] as number;
      for (const field of [FAILURES, TIMEOUTS, SLOW, RESTARTS]) sums[at + field] = 0;
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#sums.fill(0);
  }

  /** Empties the buckets that time went over; answers where the youngest begins. */
  #turn(nowMs: number): number {
    const bucket = Math.floor(nowMs / this.#bucketMs);
    const passed = this.#youngest < 0 ? BUCKETS : Math.min(bucket - this.#youngest, BUCKETS);
    for (let back = 0; back < passed; back++) {
      const at = ((bucket - back) % BUCKETS) * FIELDS;
      this.#sums.fill(0, at, at + FIELDS);
    }
    if (passed > 0) this.#youngest = bucket;
    return (this.#youngest % BUCKETS) * FIELDS;
  }

  #add(at: number, n: number): void {
    this.#sums[at] = (this.#sums[at] ?? 0) + n;
  }
}
