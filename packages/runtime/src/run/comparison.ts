import type { Delivered } from './ladder.ts';

export interface ComparisonEvents {
  /** The new output departs from the delivered one: keep so much of the text and of the thinking, of what was said by now. */
  differs(keepText: number, keepThinking: number): void;
  /** Output beyond what was delivered. */
  fresh(flow: Flow, delta: string): void;
}

/** Holds a regenerated answer against the delivered one: silent while they agree, `differs` once at most. */
export interface Comparison {
  delta(flow: Flow, delta: string): void;
  /** The new answer is complete. */
  end(): void;
}

type Flow = 'text' | 'thinking';
const FLOWS: readonly Flow[] = ['text', 'thinking'];

/** Text and thinking are compared each on its own: they may come in another order than they did. */
export function createComparison(delivered: Delivered, events: ComparisonEvents): Comparison {
  /** UTF-16 units of the new answer so far. */
  const seen = { text: 0, thinking: 0 };
  let agreeing = true;

  /** Keeps what agrees, but no half of a pair; the half is said anew. */
  const depart = (): void => {
    agreeing = false;
    const keep = { text: wholePairs(delivered.text, seen.text), thinking: wholePairs(delivered.thinking, seen.thinking) };
    events.differs(keep.text, keep.thinking);
    for (const flow of FLOWS) if (keep[flow] < seen[flow]) events.fresh(flow, delivered[flow].slice(keep[flow], seen[flow]));
  };

  return {
    delta(flow, delta) {
      if (!agreeing) return events.fresh(flow, delta);
      const old = delivered[flow];
      const same = commonPrefix(old, seen[flow], delta);
      seen[flow] += same;
      if (same === delta.length) return;
      if (seen[flow] < old.length) depart();
      else seen[flow] += delta.length - same;
      events.fresh(flow, delta.slice(same));
    },
    end() {
      if (agreeing && FLOWS.some((flow) => seen[flow] < delivered[flow].length)) depart();
    },
  };
}

/** Another model's answer takes the place of all that was delivered, from its first word on: until then there is nothing better. */
export function createReplacement(events: ComparisonEvents): Comparison {
  let hasBegun = false;
  const begin = (): void => {
    if (hasBegun) return;
    hasBegun = true;
    events.differs(0, 0);
  };
  return {
    delta(flow, delta) {
      begin();
      events.fresh(flow, delta);
    },
    end: begin,
  };
}

function commonPrefix(old: string, from: number, delta: string): number {
  const most = Math.min(Math.max(old.length - from, 0), delta.length);
  let n = 0;
  while (n < most && old.charCodeAt(from + n) === delta.charCodeAt(n)) n++;
  return n;
}

/** `length`, or one less where it would part a surrogate pair of `text`. */
function wholePairs(text: string, length: number): number {
  const last = text.charCodeAt(length - 1);
  return length > 0 && length < text.length && last >= 0xd800 && last <= 0xdbff ? length - 1 : length;
}
