import type { LanguageModelV4FinishReason, LanguageModelV4StreamPart, LanguageModelV4Usage, SharedV4Warning } from '@ai-sdk/provider';
import { type Finish, NO_USAGE, type OpenClawError, type ToolCall, type Usage } from '@openclaw-runtime/protocol';
import type { ModelEnd, ModelSink } from '../contract/broker.ts';

type Unified = LanguageModelV4FinishReason['unified'];

/** `undefined`: it did not come to an end. */
const FINISHES: Readonly<Record<Unified, Finish | 'failed' | undefined>> = {
  stop: 'stop',
  length: 'length',
  'content-filter': 'content_filter',
  'tool-calls': 'tool_calls',
  error: 'failed',
  interrupted: undefined,
  other: 'stop',
};

/** One answer being put together: each part of the stream goes into `take`, deltas go on to the sink. */
export class SdkAnswer {
  readonly #sink: ModelSink;
  readonly #failureOf: (error: unknown) => OpenClawError;
  readonly #warned: (warnings: readonly SharedV4Warning[]) => void;
  readonly #calls: ToolCall[] = [];
  #finish: Finish | undefined;
  #usage: Usage = NO_USAGE;
  /** Parts that held content. */
  content = 0;

  /** `failureOf` makes an error of ours out of whatever goes wrong in the stream; `warned` is told what the package says of the call. */
  constructor(sink: ModelSink, failureOf: (error: unknown) => OpenClawError, warned: (warnings: readonly SharedV4Warning[]) => void) {
    this.#sink = sink;
    this.#failureOf = failureOf;
    this.#warned = warned;
  }

  /** The provider said why it ended: the answer is whole. */
  get finished(): boolean {
    return this.#finish !== undefined;
  }

  take(part: LanguageModelV4StreamPart): void {
    switch (part.type) {
      case 'stream-start':
        return this.#warned(part.warnings);
      case 'text-delta':
        return this.#delta(part.delta, 'text');
      case 'reasoning-delta':
        return this.#delta(part.delta, 'thinking');
      case 'tool-input-start':
      case 'tool-input-delta':
        this.content++;
        return;
      case 'tool-call':
        this.content++;
        // Those the provider carried out itself are its own affair.
        if (!part.providerExecuted) this.#calls.push({ id: part.toolCallId, name: part.toolName, arguments: part.input });
        return;
      case 'error':
        throw this.#failureOf(part.error);
      case 'finish':
        this.#usage = usageOf(part.usage);
        this.#finish = this.#finishOf(part.finishReason);
        return;
      default:
    }
  }

  /** The answer will not be whole: what it cost is told all the same, where the provider said it. */
  spend(): void {
    if (this.#usage !== NO_USAGE) this.#sink.spent?.(this.#usage);
  }

  /** Throws `PROVIDER_FAILED` when the stream broke off. */
  end(): ModelEnd {
    if (this.#finish === undefined) this.spend();
    if (this.#finish === undefined) throw this.#failureOf('it broke off in the middle of its answer');
    const finish = this.#finish === 'stop' && this.#calls.length > 0 ? 'tool_calls' : this.#finish;
    return { finish, usage: this.#usage, toolCalls: this.#calls };
  }

  #delta(delta: unknown, kind: 'text' | 'thinking'): void {
    if (delta === '' || delta === undefined) return;
    if (typeof delta !== 'string') throw this.#failureOf('it sent a delta that is no text');
    this.content++;
    this.#sink[kind](delta);
  }

  /** Where a stream ends without a word why, the SDK's providers say `other` and give no word of the provider's own. */
  #finishOf({ unified, raw }: LanguageModelV4FinishReason): Finish | undefined {
    if (unified === 'other' && raw === undefined) return undefined;
    const finish = FINISHES[unified];
    if (finish === 'failed') this.spend();
    if (finish === 'failed') throw this.#failureOf(`it gave up its answer${raw === undefined ? '' : ` (${raw})`}`);
    return finish;
  }
}

function usageOf({ inputTokens, outputTokens }: LanguageModelV4Usage): Usage {
  return {
    inputTokens: count(inputTokens.total),
    outputTokens: count(outputTokens.total),
    reasoningTokens: count(outputTokens.reasoning),
    cachedTokens: count(inputTokens.cacheRead),
  };
}

function count(value: number | undefined): number {
  return value !== undefined && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
