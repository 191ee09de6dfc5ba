import { type Finish, NO_USAGE, type OpenClawError, type Usage } from '@openclaw-runtime/protocol';
import type { Answer } from '../call/api.ts';
import { isObject, parseEvent } from '../call/event.ts';
import type { Speech } from '../call/speech.ts';
import type { ModelEnd, ModelSink } from '../contract/broker.ts';
import { FunctionCalls } from './calls.ts';
import { streamFailure } from './failure.ts';
import { usageOf } from './usage.ts';

export interface ResponseOptions {
  /** The response that is read again, where it is one. */
  readonly attached: string | undefined;
  /** Told once, when a new response has got its name. */
  begun(response: string): void;
}

/** One answer of the Responses API. */
export class ResponseAnswer implements Answer {
  readonly #speech: Speech;
  readonly #sink: ModelSink;
  readonly #options: ResponseOptions;
  readonly #calls = new FunctionCalls((what) => this.#malformed(what));
  #named: boolean;
  #refused = false;
  #finish: Finish | undefined;
  /** The event being taken, for what is said of it. */
  #data = '';
  usage: Usage = NO_USAGE;
  content = 0;

  constructor(speech: Speech, sink: ModelSink, options: ResponseOptions) {
    this.#speech = speech;
    this.#sink = sink;
    this.#options = options;
    this.#named = options.attached !== undefined;
  }

  get finished(): boolean {
    return this.#finish !== undefined;
  }

  get done(): boolean {
    return this.#finish !== undefined;
  }

  take(data: string): void {
    if (this.done || data === '[DONE]') return;
    this.#data = data;
    const event = parseEvent(data, 'event of the Responses API', this.#speech);
    switch (event['type']) {
      case 'response.output_text.delta':
        return this.#text(event['delta']);
      case 'response.refusal.delta':
        this.#refused = true;
        return this.#text(event['delta']);
      case 'response.reasoning_summary_text.delta':
      case 'response.reasoning_text.delta':
        return this.#thinking(event['delta']);
      case 'response.reasoning_summary_part.added':
        return event['summary_index'] ? this.#thinking('\n\n') : undefined;
      case 'response.function_call_arguments.delta':
        this.content++;
        return this.#calls.add(event['output_index'], event['delta']);
      case 'response.output_item.added':
      case 'response.output_item.done':
        return this.#item(event['output_index'], event['item']);
      case 'response.created':
      case 'response.queued':
      case 'response.in_progress':
        return this.#begun(event['response']);
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
      case 'response.cancelled':
        return this.#ended(event['response'], event['type']);
      case 'error':
        throw streamFailure('reported an error in its answer', event['error'] ?? event, this.#speech);
      default:
        // Parts that begin and end, and what is still to be invented.
        if (typeof event['type'] !== 'string') throw this.#untyped(event);
    }
  }

  end(): ModelEnd {
    const finish = this.#finish;
    if (finish === undefined) throw this.#speech.failed('broke off in the middle of its answer');
    const toolCalls = this.#calls.all();
    return { finish: finish === 'stop' && toolCalls.length > 0 ? 'tool_calls' : finish, usage: this.usage, toolCalls };
  }

  #text(delta: unknown): void {
    if (typeof delta !== 'string') throw this.#malformed('a delta that is no text');
    if (delta === '') return;
    this.content++;
    this.#sink.text(delta);
  }

  #thinking(delta: unknown): void {
    if (typeof delta !== 'string') throw this.#malformed('a delta that is no text');
    if (delta === '') return;
    this.content++;
    this.#sink.thinking(delta);
  }

  /** Whatever begins or ends is a sign that the model works: it may think in silence. */
  #item(index: unknown, item: unknown): void {
    if (!isObject(item)) throw this.#malformed('an item that is no object');
    this.content++;
    if (item['type'] === 'function_call') this.#calls.item(index, item);
  }

  #begun(response: unknown): void {
    if (this.#named || !isObject(response) || typeof response['id'] !== 'string' || response['id'] === '') return;
    this.#named = true;
    this.#options.begun(response['id']);
  }

  #ended(response: unknown, event: string): void {
    if (!isObject(response)) throw this.#malformed('a response that is no object');
    if (isObject(response['usage'])) this.usage = usageOf(response['usage']);
    if (event === 'response.failed' || event === 'response.cancelled') throw this.#broken(response, event);
    const reason = isObject(response['incomplete_details']) ? response['incomplete_details']['reason'] : undefined;
    this.#finish = this.#finishOf(event, reason);
  }

  #finishOf(event: string, reason: unknown): Finish {
    if (event === 'response.incomplete') return reason === 'content_filter' ? 'content_filter' : 'length';
    return this.#refused ? 'content_filter' : 'stop';
  }

  /** To read such a response once more would show the same again: the question has to be asked anew. */
  #broken(response: Readonly<Record<string, unknown>>, event: string): OpenClawError {
    const what = event === 'response.cancelled' ? 'cancelled its answer' : 'gave up its answer';
    const failure = streamFailure(what, response['error'] ?? { message: 'it does not say why' }, this.#speech);
    if (this.#options.attached === undefined) return failure;
    // It was told when it happened.
    this.usage = NO_USAGE;
    return this.#speech.failed(`has no whole response "${this.#options.attached}": ${failure.message}`, 'NOT_FOUND', 'Ask anew.');
  }

  /** Some proxies send their errors as they are. */
  #untyped(event: Readonly<Record<string, unknown>>): OpenClawError {
    if (!event['error']) return this.#malformed('JSON that is no event of the Responses API');
    return streamFailure('reported an error in its answer', event['error'], this.#speech);
  }

  #malformed(what: string): OpenClawError {
    return this.#speech.malformed(what, this.#data);
  }
}
