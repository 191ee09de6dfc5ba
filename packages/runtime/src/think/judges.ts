import type { Clock } from '@openclaw-runtime/kit';
import type { ModelBroker, ModelSink } from '@openclaw-runtime/model';
import { addUsage, NO_USAGE, type Usage } from '@openclaw-runtime/protocol';
import { createJudge, type Prediction } from '@openclaw-runtime/reasoning';
import type { Memory } from './memories.ts';
import type { ReasoningSettings } from './settings.ts';

/** A prediction, and what it took where a model was asked for it. */
export interface Judged {
  readonly prediction: Prediction;
  /** What is to be said of it beside the choice. */
  readonly note?: string;
  readonly usage?: Usage;
}

export interface Judges {
  /** Does not reject: where the model does not answer in time, the built-in predictor does. */
  judge(tenant: string, query: string, memory: Memory, signal: AbortSignal): Promise<Judged>;
}

export interface JudgesOptions {
  readonly broker: ModelBroker;
  readonly clock: Clock;
  readonly settings: ReasoningSettings;
}

const TIMEOUT_MS = 2_000;

/** A model that says how deep to think; undefined where the built-in predictor does. */
export function createJudges({ broker, clock, settings }: JudgesOptions): Judges | undefined {
  const { predictor: model = 'builtin', judgeTimeoutMs = TIMEOUT_MS } = settings;
  if (model === 'builtin') return undefined;
  return {
    async judge(tenant, query, memory, signal) {
      const answer = new Answer();
      const ask = async (prompt: string, timeUp: AbortSignal): Promise<string> => {
        const level = broker.info(model).capabilities.reasoning.length > 1 ? ({ level: 1 } as const) : {};
        const messages = [{ role: 'user', content: prompt }] as const;
        const { usage } = await broker.stream({ model, messages, tenant, ...level }, answer, AbortSignal.any([timeUp, signal]));
        answer.spent(usage);
        return answer.said;
      };
      const builtin = { predict: () => memory.predict(query) };
      const judge = createJudge({ ask, model, builtin, clock, timeoutMs: judgeTimeoutMs });
      // Whoever stops the run stops its model call too, which is about to begin.
      const prediction = await judge.predict(query, signal).catch(() => memory.predict(query));
      const { usage } = answer;
      const [note] = prediction.why;
      return { prediction, ...(note !== undefined && { note }), ...(usage !== NO_USAGE && { usage }) };
    },
  };
}

/** What is said to nobody else. */
class Answer implements ModelSink {
  said = '';
  usage: Usage = NO_USAGE;

  text(delta: string): void {
    this.said += delta;
  }

  spent(usage: Usage): void {
    this.usage = addUsage(this.usage, usage);
  }

  thinking(): void {}

  retry(): void {}

  queued(): void {}

  responding(): void {}

  full(): undefined {}
}
