import { setImmediate } from 'node:timers';

/**
 * Simulated time. Everything that happens is an event of this queue; between two events all promises that can settle have settled. So one seed is one
 * course of events, in one thread.
 */
export interface Kernel {
  /** Milliseconds since the beginning. */
  readonly now: number;
  /** Events that have happened. */
  readonly events: number;
  /** The returned function calls it off. */
  at(ms: number, fn: () => void): () => void;
  after(ms: number, fn: () => void): () => void;
  /** Lets events happen until `done` says so, time is up, or nothing is left to happen. */
  run(done: () => boolean, untilMs: number): Promise<'done' | 'late' | 'quiet' | 'endless'>;
}

interface Event {
  readonly at: number;
  readonly order: number;
  fn: (() => void) | undefined;
}

/** More than any schedule needs; a loop without progress in time would not end. */
const MAX_EVENTS = 400_000;
/** A timer's least distance, as a power of two: sums of times are exact, and waiting for the rest of a time gets there. */
const TICKS_PER_MS = 128;

export function createKernel(onError: (error: unknown) => void): Kernel {
  const heap: Event[] = [];
  let now = 0;
  let order = 0;
  let events = 0;

  const at = (ms: number, fn: () => void): (() => void) => {
    const event: Event = { at: Math.max(Math.ceil(ms * TICKS_PER_MS) / TICKS_PER_MS, now), order: order++, fn };
    push(heap, event);
    return () => {
      event.fn = undefined;
    };
  };

  return {
    get now() {
      return now;
    },
    get events() {
      return events;
    },
    at,
    after: (ms, fn) => at(now + Math.max(ms, 0), fn),
    async run(done, untilMs) {
      await settled();
      for (;;) {
        if (done()) return 'done';
        const event = pop(heap);
        if (!event) return 'quiet';
        if (event.at > untilMs) {
          push(heap, event);
          now = untilMs;
          return 'late';
        }
        const { fn } = event;
        if (!fn) continue;
        now = event.at;
        if (++events > MAX_EVENTS) return 'endless';
        try {
          fn();
        } catch (error) {
          onError(error);
        }
        await settled();
      }
    },
  };
}

/** After all microtasks and next ticks. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Event[], event: Event): void {
  let i = heap.push(event) - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!before(event, heap[parent] as Event)) break;
    heap[i] = heap[parent] as Event;
    i = parent;
  }
  heap[i] = event;
}

function pop(heap: Event[]): Event | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (!top || !last || heap.length === 0) return top;
  let i = 0;
  for (;;) {
    let child = i * 2 + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child++;
    if (!before(heap[child] as Event, last)) break;
    heap[i] = heap[child] as Event;
    i = child;
  }
  heap[i] = last;
  return top;
}
