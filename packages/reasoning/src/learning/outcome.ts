import type { Level } from '../level/level.ts';

/** What became of a request. */
export interface Outcome {
  readonly query: string;
  /** The level it was answered at. */
  readonly level: Level;
  /** Whether the answer was right, or how far, 0..1. */
  readonly correct: boolean | number;
  /** The chance with which this level was chosen, if chance had a part in it. Outcomes that were unlikely to be seen weigh more. */
  readonly propensity?: number;
  /** How sure the verdict is, 0..1; a verifier's is 1, a thumb's less. Default 1. */
  readonly weight?: number;
}
