import type { Clock } from '@openclaw-runtime/kit';
import type { ModelBroker, ModelEnd, ModelRequest } from '@openclaw-runtime/model';
import { addUsage, NO_USAGE, OpenClawError, type Usage } from '@openclaw-runtime/protocol';
import { createJudge, type Prediction } from '@openclaw-runtime/reasoning';
import { untilAborted } from '../abort/until-aborted.ts';
import { Silence } from '../budget/silence.ts';
import type { Memory } from './memories.ts';
import type { ReasoningSettings } from './settings.ts';

/** A prediction, and what it took where a model was asked for it. */
export interface Judged {
  readonly prediction: Prediction;
  /** What is to be said of it beside the choice. */
  readonly note?: string;
  readonly usage?: Usage;
}

/** Makes a model call that is the run's, and that it can do without. Rejects with `BUDGET_EXHAUSTED` where there is no room for it. */
export type AskOptional = (request: ModelRequest, sink: Silence, signal: AbortSignal) => Promise<ModelEnd>;

/** Whose request is judged, and who asks for it. */
export interface Judging {
  readonly tenant: string;
  readonly ask: AskOptional;
}

export interface Judges {
  /** Does not reject: where the model does not answer in time, the built-in predictor does. */
  judge(judging: Judging, query: string, memory: Memory, signal: AbortSignal): Promise<Judged>;
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
    async judge({ tenant, ask: askOptional }, query, memory, signal) {
      const answer = new Silence();
      let note: string | undefined;
      const ask = async (prompt: string, timeUp: AbortSignal): Promise<string> => {
        const level = broker.info(model).capabilities.reasoning.length > 1 ? ({ level: 1 } as const) : {};
        const messages = [{ role: 'user', content: prompt }] as const;
        const watched = AbortSignal.any([timeUp, signal]);
        try {
          const { usage } = await untilAborted(askOptional({ model, messages, tenant, ...level }, answer, watched), watched);
          answer.usage = addUsage(answer.usage, usage);
          return answer.said;
        } catch (error) {
          if (OpenClawError.from(error).code === 'BUDGET_EXHAUSTED') note = `the budget has no room to ask ${model} how deep to think`;
          throw error;
        }
      };
      const builtin = { predict: () => memory.predict(query) };
      const judge = createJudge({ ask, model, builtin, clock, timeoutMs: judgeTimeoutMs });
      // Whoever stops the run stops its model call too, which is about to begin.
      const prediction = await judge.predict(query, signal).catch(() => memory.predict(query));
      const { usage } = answer;
      note ??= prediction.why[0];
      return { prediction, ...(note !== undefined && { note }), ...(usage !== NO_USAGE && { usage }) };
    },
  };
}
