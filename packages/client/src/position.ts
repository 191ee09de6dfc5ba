import { CHAIN_START, emptyFold, type RunFold } from '@openclaw-runtime/protocol';

/** A place in a log with all that is known up to it. Advanced in place. */
export interface Position {
  epoch: number;
  seq: number;
  /** The chain value at `seq`. */
  h: number;
  fold: RunFold;
}

/** A place whose records this process has not seen: a saved cursor without its fold. */
export interface BarePlace {
  readonly epoch: number;
  readonly seq: number;
  readonly h?: number | undefined;
  readonly fold?: undefined;
}

/** The start of a log; epoch 0 means that it is not known yet. */
export function startOf(epoch: number): Position {
  return { epoch, seq: 0, h: CHAIN_START, fold: emptyFold() };
}

/** Shares the texts, which never change, and copies what is advanced in place. */
export function copyPosition(position: Position): Position {
  return { ...position, fold: copyFold(position.fold) };
}

export function copyFold(fold: RunFold): RunFold {
  return { ...fold, steps: fold.steps.map((step) => ({ ...step, toolCalls: [...step.toolCalls] })) };
}
