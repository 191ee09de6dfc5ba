import type { ModelAnswer } from '@openclaw-runtime/agent';
import { backoffMs, type Random, sleep } from '@openclaw-runtime/kit';
import { type Leveled, type ModelRequest, mayAnswerElsewhere } from '@openclaw-runtime/model';
import { addUsage, NO_USAGE, OpenClawError, type Usage } from '@openclaw-runtime/protocol';
import { tokensIn } from '../budget/forecast.ts';
import { Silence } from '../budget/silence.ts';
import { type AsideHouse, askAside } from './aside.ts';
import { ToldLevels } from './level-warning.ts';
import type { RunLimits } from './limits.ts';
import { ModelWait } from './model-wait.ts';
import type { RunTier } from './run-tier.ts';
import type { Waits } from './waits.ts';

export interface GenerateHouse extends AsideHouse {
  readonly random: Random;
  readonly limits: RunLimits;
  /** Absent where nobody minds how models fare. */
  readonly tier?: RunTier | undefined;
  readonly waits: Waits;
}

const BACKOFF = { baseMs: 100, capMs: 5_000 };

/** A model's whole answer, which nobody watches: what broke off is asked again from the start, of the model's fallbacks too. Its usage counts what broke off; `spend` is told of it as it comes, `leveled` of each warning about its level. */
export async function generate(
  house: GenerateHouse,
  request: ModelRequest,
  spend: (usage: Usage) => void,
  signal: AbortSignal,
  leveled: (model: string, leveled: Leveled) => void,
): Promise<ModelAnswer> {
  const { clock, random, limits } = house;
  let models = modelsFor(request.model, house);
  let spent = NO_USAGE;
  let leastTokens = 0;
  const told = new ToldLevels();
  for (let tries = 1; ; tries++) {
    const model = models[0] ?? request.model;
    const sink = new Silence((each) => {
      if (told.isNews(model, each)) leveled(model, each);
    });
    const wait = new ModelWait(house.waits, model);
    sink.wait = wait;
    try {
      const { finish, usage: last, toolCalls } = await askAside(house, { ...request, model }, sink, signal, { leastTokens });
      const usage = addUsage(sink.usage, last);
      spend(usage);
      return { text: sink.said, toolCalls, finish, usage: addUsage(spent, usage) };
    } catch (thrown) {
      spend(sink.usage);
      if (signal.aborted) throw signal.reason;
      const error = OpenClawError.from(thrown);
      spent = addUsage(spent, sink.usage);
      if (error.code === 'BUDGET_EXHAUSTED') {
        // It is asked again when there is room for as much.
        leastTokens = tokensIn(sink.said);
        continue;
      }
      if (models.length > 1 && (error.retryable || mayAnswerElsewhere(error))) models = models.slice(1);
      else if (!error.retryable || tries >= limits.noProgressAttempts) throw error;
      else {
        const delayMs = Math.max(backoffMs(BACKOFF, tries, random), error.retryAfterMs ?? 0, 1);
        wait.retry(error, delayMs);
        await sleep(clock, delayMs, signal);
      }
    } finally {
      wait.end();
    }
  }
}

/** A model that is not to be relied on comes last; first where it is time to find out whether it has recovered. */
function modelsFor(model: string, { broker, tier }: GenerateHouse): readonly string[] {
  const { fallbacks } = broker.info(model);
  if (!tier?.isStatic(model) || tier.mayProbe(model)) return [model, ...fallbacks];
  const { substitute } = tier;
  const others = substitute === undefined ? fallbacks : [substitute, ...fallbacks];
  const good = others.filter((each) => each !== model && !tier.isStatic(each));
  return [...new Set([...good, model])];
}
