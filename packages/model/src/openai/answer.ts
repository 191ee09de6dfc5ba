import { type Finish, NO_USAGE, OpenClawError, type ToolCall, type Usage } from '@openclaw-runtime/protocol';
import type { ModelEnd, ModelSink } from '../contract/broker.ts';
import { tidy } from '../failure/provider-message.ts';

/** A chunk as far as it is looked at; every field may be missing or of another type. */
interface Chunk {
  readonly choices?: unknown;
  readonly usage?: UsageBody | null;
  readonly error?: unknown;
}

interface UsageBody {
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number } | null;
}

interface Choice {
  readonly index?: number;
  readonly delta?: Delta | null;
  readonly finish_reason?: string | null;
}

interface Delta {
  readonly content?: unknown;
  readonly reasoning_content?: unknown;
  readonly reasoning?: unknown;
  readonly tool_calls?: readonly CallDelta[] | null;
}

interface CallDelta {
  readonly index?: number;
  readonly id?: string | null;
  readonly function?: { readonly name?: string | null; readonly arguments?: string | null } | null;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const FINISHES: Readonly<Record<string, Finish | 'failed'>> = {
  length: 'length',
  max_tokens: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
  error: 'failed',
  insufficient_system_resource: 'failed',
};

/** One answer being put together: each event's data goes into `take`, deltas go on to the sink. */
export class Answer {
  readonly #provider: string;
  readonly #secret: string | undefined;
  readonly #sink: ModelSink;
  readonly #calls: Writable<ToolCall>[] = [];
  #finish: Finish | undefined;
  #usage: Usage = NO_USAGE;
  /** Deltas that held content. */
  content = 0;
  /** The end mark came; nothing after it counts. */
  done = false;

  constructor(provider: string, secret: string | undefined, sink: ModelSink) {
    this.#provider = provider;
    this.#secret = secret;
    this.#sink = sink;
  }

  /** Throws `PROVIDER_MALFORMED` for what is no chunk, and `PROVIDER_FAILED` for an error the provider sends in its stream. */
  take(data: string): void {
    if (this.done) return;
    if (data === '[DONE]') {
      this.done = true;
      return;
    }
    const chunk = this.#parse(data);
    if (chunk.usage) this.#usage = usageOf(chunk.usage);
    for (const choice of chunk.choices as readonly Choice[]) {
      if (choice.index) continue;
      if (choice.delta) this.#delta(choice.delta, data);
      if (choice.finish_reason) this.#finish = this.#finishOf(choice.finish_reason);
    }
  }

  /** Throws `PROVIDER_FAILED` when the stream broke off. */
  end(): ModelEnd {
    if (this.#finish === undefined && !this.done) throw this.#failed('broke off in the middle of its answer');
    const finish = this.#finish ?? 'stop';
    const toolCalls = this.#calls.filter((call) => call !== undefined);
    return { finish: finish === 'stop' && toolCalls.length > 0 ? 'tool_calls' : finish, usage: this.#usage, toolCalls };
  }

  #parse(data: string): Chunk {
    let chunk: Chunk | null;
    try {
      chunk = JSON.parse(data) as Chunk | null;
    } catch (cause) {
      throw this.#malformed('a line that is not JSON', data, cause);
    }
    if (chunk?.error) throw this.#failed(`reported an error in its answer: ${tidy(errorText(chunk.error), this.#secret)}`);
    if (!Array.isArray(chunk?.choices)) throw this.#malformed('JSON that is no chat completion chunk', data);
    return chunk;
  }

  #delta(delta: Delta, data: string): void {
    const thinking = delta.reasoning_content ?? delta.reasoning;
    if (thinking) {
      if (typeof thinking !== 'string') throw this.#malformed('a delta that is no text', data);
      this.content++;
      this.#sink.thinking(thinking);
    }
    if (delta.content) {
      if (typeof delta.content !== 'string') throw this.#malformed('a delta that is no text', data);
      this.content++;
      this.#sink.text(delta.content);
    }
    if (delta.tool_calls) for (const call of delta.tool_calls) this.#call(call);
  }

  /** Pieces belong together by their index; where a provider leaves it out, a new id begins a new call. */
  #call({ index, id, function: fn }: CallDelta): void {
    const at = index ?? (id || this.#calls.length === 0 ? this.#calls.length : this.#calls.length - 1);
    if (!Number.isInteger(at) || at < 0 || at > 1_000) throw this.#malformed('a tool call with an impossible index', String(at));
    this.#calls[at] ??= { id: '', name: '', arguments: '' };
    const call = this.#calls[at];
    // Some repeat id and name with every piece.
    call.id ||= id || `call_${at}`;
    call.name ||= fn?.name ?? '';
    if (fn?.arguments) call.arguments += fn.arguments;
    if (id || fn?.name || fn?.arguments) this.content++;
  }

  #finishOf(reason: string): Finish {
    const finish = FINISHES[reason] ?? 'stop';
    if (finish === 'failed') throw this.#failed(`gave up its answer (${tidy(reason, this.#secret)})`);
    return finish;
  }

  #failed(what: string): OpenClawError {
    return new OpenClawError('PROVIDER_FAILED', `The provider "${this.#provider}" ${what}. Try again.`);
  }

  #malformed(what: string, data: string, cause?: unknown): OpenClawError {
    const seen = tidy(data.slice(0, 120), this.#secret);
    const message = `The provider "${this.#provider}" sent ${what}: ${seen}. Check that its baseUrl is that of an OpenAI-compatible API.`;
    return new OpenClawError('PROVIDER_MALFORMED', message, { cause });
  }
}

function usageOf(usage: UsageBody): Usage {
  return {
    inputTokens: usage.prompt_tokens ?? 0,
    outputTokens: usage.completion_tokens ?? 0,
    reasoningTokens: usage.completion_tokens_details?.reasoning_tokens ?? 0,
    cachedTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
  };
}

function errorText(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string') return error.message;
  return typeof error === 'string' ? error : JSON.stringify(error);
}
