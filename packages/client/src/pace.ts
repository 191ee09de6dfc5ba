import type { Clock } from '@openclaw-runtime/kit';
import type { TokenMeta } from './events.ts';

/** Consecutive text, or thinking, of one attempt. */
export interface Piece {
  readonly kind: 'token' | 'thinking';
  readonly text: string;
  readonly meta: TokenMeta;
}

export interface PaceOptions {
  /** Milliseconds between two hand-outs of what comes faster; 0 is none. */
  readonly intervalMs: number;
  /** Deltas of a batch; 1 is no batching. */
  readonly batchSize: number;
  /** Milliseconds after its first delta at which a batch leaves unfilled. */
  readonly batchDelayMs: number;
}

export interface Pace {
  push(piece: Piece): void;
  /** Hands out what is held back. */
  flush(): void;
  /** Nothing is held back. */
  readonly idle: boolean;
}

/**
 * Decides when text is handed out, joined as far as it waited. The first text of an attempt never waits, and what comes
 * after half an interval without any does so only for what came with it: a model about as slow as the interval keeps its own pace.
 */
export function createPace(clock: Clock, { intervalMs, batchSize, batchDelayMs }: PaceOptions, out: (piece: Piece) => void): Pace {
  const begun = new Set<string>();
  let held: Piece[] = [];
  let deltas = 0;
  let firstAtMs = 0;
  let dueAtMs = 0;
  let cameAtMs = Number.NEGATIVE_INFINITY;
  let lastAtMs = cameAtMs;
  let disarm = (): void => {};

  const flush = (): void => {
    disarm();
    const pieces = held;
    if (pieces.length === 0) return;
    held = [];
    deltas = 0;
    lastAtMs = clock.now();
    pieces.forEach(out);
  };

  const hold = (piece: Piece): void => {
    const last = held.at(-1);
    if (last && streamOf(last) === streamOf(piece)) held[held.length - 1] = { ...piece, text: last.text + piece.text };
    else held.push(piece);
    deltas++;
  };

  return {
    push(piece) {
      if (!piece.text) return;
      const nowMs = clock.now();
      if (deltas === 0) {
        firstAtMs = nowMs;
        dueAtMs = nowMs - cameAtMs < intervalMs / 2 ? lastAtMs + intervalMs : nowMs;
      }
      cameAtMs = nowMs;
      hold(piece);
      const stream = streamOf(piece);
      const isFirst = !begun.has(stream);
      begun.add(stream);
      const batchAtMs = deltas >= batchSize ? nowMs : firstAtMs + batchDelayMs;
      const waitMs = Math.max(dueAtMs, batchAtMs) - nowMs;
      if (isFirst || (waitMs <= 0 && !intervalMs)) return flush();
      disarm();
      disarm = clock.after(Math.max(waitMs, 0), flush);
    },
    flush,
    get idle() {
      return held.length === 0;
    },
  };
}

function streamOf({ kind, meta }: Piece): string {
  return `${kind}${meta.step}.${meta.attempt}`;
}
