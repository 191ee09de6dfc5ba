import { createLearner, type Learner, type LearnerState } from '../learning/learner.ts';
import type { Outcome } from '../learning/outcome.ts';
import { type Level, levelOf } from '../level/level.ts';
import { createScorer, FEATURES, type Feature, type Scorer, score } from '../scorer/score.ts';
import { shippedModel } from '../scorer/shipped.ts';
import { LazyPrediction, type Prediction } from './prediction.ts';
import { reasonsOf } from './why.ts';

export interface PredictorOptions {
  /** The model that ships with the package. What asks a language model stands above this room. */
  readonly model?: 'builtin';
  /** What it may look at; all by default. Names that are not known are ignored. */
  readonly features?: readonly string[];
  /** Scores from which levels 2, 3 and 4 begin. */
  readonly thresholds?: readonly [number, number, number];
  /** What an earlier predictor had learned (`exportState`). */
  readonly state?: LearnerState;
}

/** What is asked. A plain text is a query. */
export interface Asked {
  readonly query: string;
}

/** Where levels 2, 3 and 4 begin. */
export const THRESHOLDS: readonly [number, number, number] = [0.46, 0.495, 0.67];

/**
 * Says before anything runs how much thinking a request needs, in microseconds and without a network. Keeps its weights and one working space; not for two
 * threads at once.
 */
export class ReasoningLevelPredictor {
  readonly #features: readonly Feature[];
  readonly #thresholds: readonly [number, number, number];
  readonly #learner: Learner;
  #scorer: Scorer | undefined;

  constructor(options: PredictorOptions = {}) {
    const named = FEATURES.filter((feature) => options.features?.includes(feature));
    this.#features = named.length > 0 ? named : FEATURES;
    this.#thresholds = options.thresholds ?? THRESHOLDS;
    this.#learner = createLearner(options.state);
  }

  /** `level`, `score` 0..1 and `why`. Any text is allowed; of a long one head and tail are read. */
  predict(asked: Asked | string): Prediction {
    const query = textOf(asked);
    const scorer = this.#ready();
    const value = this.#learner.adjust(score(query, scorer), scorer);
    const intent = scorer.scan.intent;
    const wanted = intent === 0 ? undefined : levelOf(intent);
    const level = wanted ?? this.#levelFor(value);
    return new LazyPrediction(level, value, wanted, () => {
      score(query, scorer);
      return reasonsOf(query, scorer);
    });
  }

  /** Takes in what became of a request that was answered at `level`. */
  learn(outcome: Outcome): void {
    const scorer = this.#ready();
    score(textOf(outcome), scorer);
    this.#learner.learn(scorer, outcome);
  }

  /** Everything that was learned, as plain JSON of bounded size. */
  exportState(): LearnerState {
    return this.#learner.exportState();
  }

  /** Takes the place of everything that was learned. Throws `RangeError` for a state of another version. */
  importState(state: LearnerState): void {
    this.#learner.importState(state);
  }

  #levelFor(value: number): Level {
    const [second, third, fourth] = this.#thresholds;
    if (value < second) return 1;
    if (value < third) return 2;
    return value < fourth ? 3 : 4;
  }

  #ready(): Scorer {
    this.#scorer ??= createScorer(shippedModel(), this.#features);
    return this.#scorer;
  }
}

/** Callers without types may pass anything. */
function textOf(asked: Asked | string): string {
  const query: unknown = typeof asked === 'string' ? asked : (asked as Asked | undefined)?.query;
  return typeof query === 'string' ? query : '';
}
