import { type Finish, NO_USAGE, OpenClawError, type Usage } from '@openclaw-runtime/protocol';
import type { ModelEnd, ModelSink } from '../contract/broker.ts';
import { tidy } from '../failure/provider-message.ts';
import { ToolCalls } from './calls.ts';
import { usageOf } from './usage.ts';

/** A chunk as far as it is looked at; every field may be missing or of another type. */
interface Chunk {
  readonly choices?: unknown;
  readonly usage?: unknown;
  readonly error?: unknown;
}

interface Choice {
  readonly index?: unknown;
  readonly delta?: unknown;
  readonly finish_reason?: unknown;
}

interface Delta {
  readonly content?: unknown;
  readonly reasoning_content?: unknown;
  readonly reasoning?: unknown;
  readonly tool_calls?: unknown;
}

/** All other words mean that the answer is complete. */
const FINISHES: ReadonlyMap<string, Finish | 'failed'> = new Map([
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['tool_calls', 'tool_calls'],
  ['function_call', 'tool_calls'],
  ['content_filter', 'content_filter'],
  ['error', 'failed'],
  ['insufficient_system_resource', 'failed'],
]);

const END_MARK = /^\s*\[DONE\]\s*$/;
const MAX_QUOTED_LENGTH = 120;

/** One answer being put together: each event's data goes into `take`, deltas go on to the sink. */
export class Answer {
  readonly #provider: string;
  readonly #secrets: readonly string[];
  readonly #sink: ModelSink;
  #finish: Finish | undefined;
  #usage: Usage = NO_USAGE;
  /** The event being taken, for what is said of it. */
  #data = '';
  readonly #calls = new ToolCalls((what) => this.#malformed(what));
  /** Deltas that held content. */
  content = 0;
  /** The end mark came; nothing after it counts. */
  done = false;

  /** `secrets` as `secretsOf` gives them. */
  constructor(provider: string, secrets: readonly string[], sink: ModelSink) {
    this.#provider = provider;
    this.#secrets = secrets;
    this.#sink = sink;
  }

  /** The provider said why it ended: only usage and the end mark are still to come, and the answer is whole without them. */
  get finished(): boolean {
    return this.#finish !== undefined;
  }

  /** Throws `PROVIDER_MALFORMED` for what is no chunk, and `PROVIDER_FAILED` for an error the provider sends in its stream. */
  take(data: string): void {
    if (this.done) return;
    if (END_MARK.test(data)) {
      this.done = true;
      return;
    }
    this.#data = data;
    const { usage, choices } = this.#parse(data);
    if (isObject(usage)) this.#usage = usageOf(usage);
    for (const choice of choices) this.#choice(choice);
  }

  /** Throws `PROVIDER_FAILED` when the stream broke off. */
  end(): ModelEnd {
    if (this.#finish === undefined && !this.done) throw this.#failed('broke off in the middle of its answer');
    const finish = this.#finish ?? 'stop';
    const toolCalls = this.#calls.all();
    return { finish: finish === 'stop' && toolCalls.length > 0 ? 'tool_calls' : finish, usage: this.#usage, toolCalls };
  }

  #parse(data: string): { readonly usage: unknown; readonly choices: readonly unknown[] } {
    let chunk: Chunk | null;
    try {
      chunk = JSON.parse(data) as Chunk | null;
    } catch {
      throw this.#malformed('a line that is not JSON');
    }
    if (chunk?.error) throw this.#failed(`reported an error in its answer: ${tidy(errorText(chunk.error), this.#secrets)}`);
    // Some send usage in a chunk without choices.
    const choices = chunk?.choices ?? (isObject(chunk?.usage) ? [] : undefined);
    if (!Array.isArray(choices)) throw this.#malformed('JSON that is no chat completion chunk');
    return { usage: chunk?.usage, choices };
  }

  #choice(choice: unknown): void {
    if (!isObject(choice)) throw this.#malformed('a choice that is no object');
    const { index, delta, finish_reason: reason }: Choice = choice;
    if (index) return;
    if (delta) this.#delta(delta);
    // Some send the word "null" while they go on.
    if (reason && reason !== 'null') this.#finish = this.#finishOf(reason);
  }

  #delta(delta: unknown): void {
    if (!isObject(delta)) throw this.#malformed('a delta that is no object');
    const { content, reasoning_content, reasoning, tool_calls: calls }: Delta = delta;
    const thinking = reasoning_content ?? reasoning;
    if (thinking) {
      if (typeof thinking !== 'string') throw this.#malformed('a delta that is no text');
      this.content++;
      this.#sink.thinking(thinking);
    }
    if (content) {
      if (typeof content !== 'string') throw this.#malformed('a delta that is no text');
      this.content++;
      this.#sink.text(content);
    }
    if (!calls) return;
    if (!Array.isArray(calls)) throw this.#malformed('tool calls that are no list');
    for (const piece of calls) if (this.#calls.take(piece)) this.content++;
  }

  #finishOf(reason: unknown): Finish {
    if (typeof reason !== 'string') throw this.#malformed('a finish reason that is no text');
    const finish = FINISHES.get(reason) ?? 'stop';
    if (finish === 'failed') throw this.#failed(`gave up its answer (${tidy(reason, this.#secrets)})`);
    return finish;
  }

  #failed(what: string): OpenClawError {
    return new OpenClawError('PROVIDER_FAILED', `The provider "${this.#provider}" ${what}. Try again.`);
  }

  /** Without a cause: what the JSON parser says quotes the data. */
  #malformed(what: string): OpenClawError {
    const seen = tidy(this.#data, this.#secrets, MAX_QUOTED_LENGTH);
    const message = `The provider "${this.#provider}" sent ${what}: ${seen}. Check that its baseUrl is that of an OpenAI-compatible API.`;
    return new OpenClawError('PROVIDER_MALFORMED', message);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function errorText(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string') return error.message;
  return typeof error === 'string' ? error : JSON.stringify(error);
}
