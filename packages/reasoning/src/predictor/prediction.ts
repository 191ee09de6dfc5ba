import type { Level } from '../level/level.ts';

/** How much thinking a request needs, and why. */
export interface Prediction {
  readonly level: Level;
  /** 0..1; higher needs more thinking. */
  readonly score: number;
  /** The level that was asked for in words, if one was. */
  readonly asked?: Level;
  /** What weighed most, in words, the weightiest first. Made when it is read. */
  readonly why: readonly string[];
}

/** A prediction whose reasons cost nothing until somebody reads them. */
export class LazyPrediction implements Prediction {
  readonly level: Level;
  readonly score: number;
  declare readonly asked?: Level;
  readonly #explain: () => readonly string[];
  #why: readonly string[] | undefined;

  constructor(level: Level, score: number, asked: Level | undefined, explain: () => readonly string[]) {
    this.level = level;
    this.score = score;
    if (asked !== undefined) this.asked = asked;
    this.#explain = explain;
  }

  get why(): readonly string[] {
    this.#why ??= this.#explain();
    return this.#why;
  }

  toJSON(): Prediction {
    const { level, score, asked, why } = this;
    return { level, score, ...(asked !== undefined && { asked }), why };
  }
}
