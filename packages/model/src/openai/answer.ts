import { type Finish, NO_USAGE, type OpenClawError, type Usage } from '@openclaw-runtime/protocol';
import type { Answer as ApiAnswer } from '../call/api.ts';
import { isObject } from '../call/event.ts';
import type { Speech } from '../call/speech.ts';
import type { ModelEnd, ModelSink } from '../contract/broker.ts';
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

/** One answer of chat completions. */
export class Answer implements ApiAnswer {
  readonly #speech: Speech;
  readonly #sink: ModelSink;
  #finish: Finish | undefined;
  /** The event being taken, for what is said of it. */
  #data = '';
  readonly #calls = new ToolCalls((what) => this.#malformed(what));
  usage: Usage = NO_USAGE;
  content = 0;
  done = false;

  constructor(speech: Speech, sink: ModelSink) {
    this.#speech = speech;
    this.#sink = sink;
  }

  get finished(): boolean {
    return this.#finish !== undefined;
  }

  take(data: string): void {
    if (this.done) return;
    if (END_MARK.test(data)) {
      this.done = true;
      return;
    }
    this.#data = data;
    const { usage, choices } = this.#parse(data);
    if (isObject(usage)) this.usage = usageOf(usage);
    for (const choice of choices) this.#choice(choice);
  }

  end(): ModelEnd {
    if (this.#finish === undefined && !this.done) throw this.#speech.failed('broke off in the middle of its answer');
    const finish = this.#finish ?? 'stop';
    const toolCalls = this.#calls.all();
    return { finish: finish === 'stop' && toolCalls.length > 0 ? 'tool_calls' : finish, usage: this.usage, toolCalls };
  }

  #parse(data: string): { readonly usage: unknown; readonly choices: readonly unknown[] } {
    let chunk: Chunk | null;
    try {
      chunk = JSON.parse(data) as Chunk | null;
    } catch {
      throw this.#malformed('a line that is not JSON');
    }
    if (chunk?.error) throw this.#speech.failed(`reported an error in its answer: ${this.#speech.tidy(errorText(chunk.error))}`);
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
    if (finish === 'failed') throw this.#speech.failed(`gave up its answer (${this.#speech.tidy(reason)})`);
    return finish;
  }

  #malformed(what: string): OpenClawError {
    return this.#speech.malformed(what, this.#data);
  }
}

function errorText(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string') return error.message;
  return typeof error === 'string' ? error : JSON.stringify(error);
}
