import type { Prediction } from '../predictor/prediction.ts';
import type { Asked } from '../predictor/predictor.ts';
import { parseVerdict, promptOf, type Verdict } from './verdict.ts';

/** Asks a model one short question, and resolves to all that it says. */
export type Ask = (prompt: string, signal: AbortSignal) => Promise<string>;

export interface JudgeOptions {
  readonly ask: Ask;
  /** Its name, for the reasons. */
  readonly model: string;
  /** Who answers where the model does not, and whose score stands where the model gives none. */
  readonly builtin: { predict(asked: Asked | string): Prediction };
  /** Calls `fn` once, `ms` from now; the returned function calls it off. */
  readonly clock: { after(ms: number, fn: () => void): () => void };
  /** Milliseconds until the built-in one answers in place of the model. Default 2000. */
  readonly timeoutMs?: number;
}

/** Predicts by asking a model. */
export interface Judge {
  /** Never rejects but by `signal`: where the model fails, says nothing of use or takes too long, the built-in prediction stands, and `why` says so. */
  predict(asked: Asked | string, signal?: AbortSignal): Promise<Prediction>;
}

export function createJudge({ ask, model, builtin, clock, timeoutMs = 2000 }: JudgeOptions): Judge {
  return {
    async predict(asked, signal) {
      const own = builtin.predict(asked);
      const query = typeof asked === 'string' ? asked : asked.query;
      // What a person asks for in words is no question.
      if (own.asked !== undefined || typeof query !== 'string' || query.trim() === '') return own;
      const stop = new AbortController();
      const late = Promise.withResolvers<undefined>();
      const cancel = clock.after(timeoutMs, () => {
        late.resolve(undefined);
        stop.abort(new Error('the model took too long to judge'));
      });
      const gaveUp = (): void => stop.abort(signal?.reason);
      signal?.addEventListener('abort', gaveUp, { once: true });
      try {
        signal?.throwIfAborted();
        const said = await Promise.race([ask(promptOf(query), stop.signal), late.promise]);
        if (said === undefined) return without(own, `${model} did not judge within ${timeoutMs} ms`);
        const verdict = parseVerdict(said);
        return verdict === undefined ? without(own, `${model} gave no judgement`) : judged(verdict, own, model);
      } catch {
        signal?.throwIfAborted();
        return without(own, `${model} could not be asked`);
      } finally {
        cancel();
        signal?.removeEventListener('abort', gaveUp);
      }
    },
  };
}

/** The built-in score orders requests of one level. */
function judged({ level, why }: Verdict, own: Prediction, model: string): Prediction {
  const score = (level - 1 + Math.min(0.999, Math.max(0, own.score))) / 4;
  return { level, score, why: [why === undefined ? `${model} judged so` : `${model}: ${why}`] };
}

function without(own: Prediction, because: string): Prediction {
  const { level, score, asked } = own;
  return { level, score, ...(asked !== undefined && { asked }), why: [`${because}, so the built-in prediction stands`, ...own.why] };
}
