import type { ModelAnswer } from '@openclaw-runtime/agent';
import { backoffMs, type Clock, type Random, sleep } from '@openclaw-runtime/kit';
import { type Leveled, type ModelBroker, type ModelRequest, type ModelSink, mayAnswerElsewhere } from '@openclaw-runtime/model';
import { addUsage, NO_USAGE, OpenClawError, type Usage } from '@openclaw-runtime/protocol';
import { ToldLevels } from './level-warning.ts';
import type { RunLimits } from './limits.ts';

export interface GenerateHouse {
  readonly broker: ModelBroker;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: RunLimits;
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
  const { broker, clock, random, limits } = house;
  let models = [request.model, ...broker.info(request.model).fallbacks];
  let spent = NO_USAGE;
  const told = new ToldLevels();
  for (let tries = 1; ; tries++) {
    const model = models[0] ?? request.model;
    const sink = new Silence((each) => {
      if (told.isNews(model, each)) leveled(model, each);
    });
    try {
      const { finish, usage: last, toolCalls } = await broker.stream({ ...request, model }, sink, signal);
      const usage = addUsage(sink.usage, last);
      spend(usage);
      return { text: sink.said, toolCalls, finish, usage: addUsage(spent, usage) };
    } catch (thrown) {
      spend(sink.usage);
      if (signal.aborted) throw signal.reason;
      const error = OpenClawError.from(thrown);
      spent = addUsage(spent, sink.usage);
      if (models.length > 1 && (error.retryable || mayAnswerElsewhere(error))) models = models.slice(1);
      else if (!error.retryable || tries >= limits.noProgressAttempts) throw error;
      else await sleep(clock, Math.max(backoffMs(BACKOFF, tries, random), error.retryAfterMs ?? 0, 1), signal);
    }
  }
}

class Silence implements ModelSink {
  said = '';
  usage: Usage = NO_USAGE;
  readonly #leveled: (leveled: Leveled) => void;

  constructor(leveled: (leveled: Leveled) => void) {
    this.#leveled = leveled;
  }

  leveled(leveled: Leveled): void {
    this.#leveled(leveled);
  }

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
