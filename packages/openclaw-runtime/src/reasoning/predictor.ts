import { newId } from '@openclaw-runtime/kit';
import {
  type Ask,
  ReasoningLevelPredictor as Builtin,
  createJudge,
  type LearnerState,
  type Outcome,
  type Prediction,
} from '@openclaw-runtime/reasoning';
import { createHouse } from '../house/create-house.ts';
import type { Embedded, EmbeddedHouse } from '../house/embedded.ts';
import type { Server } from '../house/server.ts';
import { type AskedOf, queryOf } from './asked.ts';

/** All are optional. */
export interface ReasoningPredictorOptions<M extends string = string> {
  /** `builtin`: no network, microseconds. Any other is the name of a model that judges; the built-in one stands in where it does not answer in time. */
  readonly model?: M;
  /** What the built-in one may look at: `task_complexity`, `query_length`, `domain`. Default: all; names that are not known are ignored. */
  readonly features?: readonly string[];
  /** Scores from which levels 2, 3 and 4 begin. */
  readonly thresholds?: readonly [number, number, number];
  /** What an earlier predictor had learned (`exportState`). */
  readonly state?: LearnerState;
  /** Milliseconds that a model has to judge. Default 2000. */
  readonly timeoutMs?: number;
  /** Whose models are asked. Default: one of its own. */
  readonly house?: EmbeddedHouse;
}

/** The built-in predictor answers at once, a model later. */
export type Predicted<M extends string> = M extends 'builtin' ? Prediction : Promise<Prediction>;

/** Says how much thinking a request needs, before it runs. Learns from outcomes. */
export class ReasoningLevelPredictor<const M extends string = 'builtin'> implements AsyncDisposable {
  readonly #builtin: Builtin;
  readonly #model: string;
  readonly #timeoutMs: number;
  readonly #house: Embedded | undefined;
  readonly #ownsHouse: boolean;

  /** Throws `RangeError` for a state of another version. */
  constructor({ model, house, timeoutMs = 2000, ...rest }: ReasoningPredictorOptions<M> = {}) {
    this.#builtin = new Builtin(rest);
    this.#model = model ?? 'builtin';
    this.#timeoutMs = timeoutMs;
    this.#ownsHouse = house === undefined;
    this.#house = this.#model === 'builtin' ? undefined : ((house ?? createHouse()) as Embedded);
  }

  /** `{score, level, why}`: at once from the built-in predictor; from a model as a promise, which is not rejected: where the model fails, `why` says so. */
  predict(asked: AskedOf): Predicted<M> {
    const query = queryOf(asked);
    return (this.#house ? this.#judged(query, this.#house) : this.#builtin.predict({ query })) as Predicted<M>;
  }

  /** What became of a request that was answered at `level`. Counts for the built-in predictor. */
  learn(outcome: Outcome): void {
    this.#builtin.learn(outcome);
  }

  /** Everything that was learned, as plain JSON of bounded size. */
  exportState(): LearnerState {
    return this.#builtin.exportState();
  }

  /** Takes the place of everything that was learned. Throws `RangeError` for a state of another version. */
  importState(state: LearnerState): void {
    this.#builtin.importState(state);
  }

  /** Closes the predictor's own house. */
  async close(): Promise<void> {
    if (this.#ownsHouse) await this.#house?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #judged(query: string, house: Embedded): Promise<Prediction> {
    const model = this.#model;
    const unreachable: Ask = () => Promise.reject(new Error('there is no house to ask in'));
    return house
      .use(async ({ reach }) => {
        const server = await reach();
        const { clock } = server.ports;
        return createJudge({ ask: askIn(server, model), model, builtin: this.#builtin, clock, timeoutMs: this.#timeoutMs }).predict(query);
      })
      .catch(() => createJudge({ ask: unreachable, model, builtin: this.#builtin, clock: STILL }).predict(query));
  }
}

/** Nothing is waited for. */
const STILL = { after: () => () => undefined };

/** A run of its own, which is cancelled when nobody waits for its answer any more. */
function askIn(server: Server, model: string): Ask {
  return async (prompt, signal) => {
    const client = await server.client(false);
    const run = client.run({ input: prompt, model, level: 1, idempotencyKey: newId(server.ports.random) });
    const stop = (): void => void run.cancel().catch(() => undefined);
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await run.text();
    } finally {
      signal.removeEventListener('abort', stop);
    }
  };
}
