import type { Delivered } from './ladder.ts';

export interface ComparisonEvents {
  /** The new output departs from the delivered one: keep so much of the text and of the thinking. */
  differs(keepText: number, keepThinking: number): void;
  /** Output beyond what was delivered. */
  fresh(flow: 'text' | 'thinking', delta: string): void;
}

/** Holds a regenerated answer against the delivered one: silent while they agree, `differs` once at most. */
export interface Comparison {
  delta(flow: 'text' | 'thinking', delta: string): void;
  /** The new answer is complete. */
  end(): void;
}

export function createComparison(delivered: Delivered, events: ComparisonEvents): Comparison {
  const at = { text: 0, thinking: 0 };
  let agreeing = true;

  const depart = (): void => {
    agreeing = false;
    events.differs(wholePairs(delivered.text, at.text), wholePairs(delivered.thinking, at.thinking));
  };

  return {
    delta(flow, delta) {
      if (!agreeing) return events.fresh(flow, delta);
      if (flow === 'text' && at.thinking < delivered.thinking.length) {
        depart();
        return events.fresh(flow, delta);
      }
      const old = delivered[flow];
      const same = commonPrefix(old, at[flow], delta);
      at[flow] += same;
      if (same === delta.length) return;
      if (at[flow] < old.length) {
        const kept = wholePairs(old, at[flow]);
        const torn = at[flow] - kept;
        depart();
        return events.fresh(flow, old.slice(kept, kept + torn) + delta.slice(same));
      }
      if (flow === 'thinking' && delivered.text !== '') depart();
      events.fresh(flow, delta.slice(same));
    },
    end() {
      if (agreeing && (at.text < delivered.text.length || at.thinking < delivered.thinking.length)) depart();
    },
  };
}

function commonPrefix(old: string, from: number, delta: string): number {
  const most = Math.min(old.length - from, delta.length);
  let n = 0;
  while (n < most && old.charCodeAt(from + n) === delta.charCodeAt(n)) n++;
  return n;
}

/** `length`, or one less where it would part a surrogate pair of `text`. */
function wholePairs(text: string, length: number): number {
  const last = text.charCodeAt(length - 1);
  return length > 0 && length < text.length && last >= 0xd800 && last <= 0xdbff ? length - 1 : length;
}
