import { type Finish, NO_USAGE, type OpenClawError, type Usage } from '@openclaw-runtime/protocol';
import type { Answer } from '../call/api.ts';
import { isObject, parseEvent } from '../call/event.ts';
import type { Speech } from '../call/speech.ts';
import type { ModelEnd, ModelSink } from '../contract/broker.ts';
import { ToolBlocks } from './blocks.ts';
import { streamFailure } from './failure.ts';
import { type Counts, mergeCounts, usageOf } from './usage.ts';

/** All other words mean that the answer is complete. */
const FINISHES: ReadonlyMap<string, Finish> = new Map([
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['refusal', 'content_filter'],
]);

/** One answer of the messages API. */
export class MessageAnswer implements Answer {
  readonly #speech: Speech;
  readonly #sink: ModelSink;
  readonly #calls = new ToolBlocks((what) => this.#malformed(what));
  /** What the caller has of the text although it could not be sent along: left out where the text begins with it. */
  #had: string;
  #finish: Finish | undefined;
  #counts: Counts | undefined;
  /** The event being taken, for what is said of it. */
  #data = '';
  content = 0;
  done = false;

  constructor(speech: Speech, sink: ModelSink, had: string) {
    this.#speech = speech;
    this.#sink = sink;
    this.#had = had;
  }

  get finished(): boolean {
    return this.#finish !== undefined;
  }

  get usage(): Usage {
    return this.#counts ? usageOf(this.#counts) : NO_USAGE;
  }

  take(data: string): void {
    if (this.done) return;
    this.#data = data;
    const event = parseEvent(data, 'event of the messages API', this.#speech);
    switch (event['type']) {
      case 'content_block_delta':
        return this.#delta(event['index'], event['delta']);
      case 'content_block_start':
        return this.#begin(event['index'], event['content_block']);
      case 'message_start':
        if (isObject(event['message'])) this.#counts = mergeCounts(this.#counts, event['message']['usage']);
        return;
      case 'message_delta':
        this.#counts = mergeCounts(this.#counts, event['usage']);
        return this.#reason(event['delta']);
      case 'message_stop':
        this.done = true;
        return;
      case 'error':
        throw streamFailure(event['error'], this.#speech);
      default:
        // Pings, ends of blocks, and what is still to be invented.
        if (typeof event['type'] !== 'string') throw this.#untyped(event);
    }
  }

  end(): ModelEnd {
    if (this.#finish === undefined && !this.done) throw this.#speech.failed('broke off in the middle of its answer');
    const finish = this.#finish ?? 'stop';
    const toolCalls = this.#calls.all();
    return { finish: finish === 'stop' && toolCalls.length > 0 ? 'tool_calls' : finish, usage: this.usage, toolCalls };
  }

  #begin(index: unknown, block: unknown): void {
    if (!isObject(block)) throw this.#malformed('a block that is no object');
    if (block['type'] === 'tool_use') {
      this.content++;
      this.#calls.begin(index, block);
    } else if (block['type'] === 'text') this.#text(block['text']);
    else if (block['type'] === 'thinking') this.#thinking(block['thinking']);
  }

  #delta(index: unknown, delta: unknown): void {
    if (!isObject(delta)) throw this.#malformed('a delta that is no object');
    switch (delta['type']) {
      case 'text_delta':
        return this.#text(delta['text']);
      case 'thinking_delta':
        return this.#thinking(delta['thinking']);
      case 'input_json_delta':
        if (delta['partial_json'] !== '') this.content++;
        return this.#calls.add(index, delta['partial_json']);
      case 'signature_delta':
        this.content++;
    }
  }

  #text(text: unknown): void {
    if (typeof text !== 'string') throw this.#malformed('a delta that is no text');
    if (text === '') return;
    this.content++;
    const fresh = this.#had === '' ? text : this.#withoutHad(text);
    if (fresh !== '') this.#sink.text(fresh);
  }

  #withoutHad(text: string): string {
    let same = 0;
    while (same < text.length && same < this.#had.length && text[same] === this.#had[same]) same++;
    // From the first difference on, everything is new.
    this.#had = same === text.length ? this.#had.slice(same) : '';
    return text.slice(same);
  }

  #thinking(text: unknown): void {
    if (typeof text !== 'string') throw this.#malformed('a delta that is no text');
    if (text === '') return;
    this.content++;
    this.#sink.thinking(text);
  }

  #reason(delta: unknown): void {
    if (delta === undefined) return;
    if (!isObject(delta)) throw this.#malformed('a delta that is no object');
    const reason = delta['stop_reason'];
    if (reason === null || reason === undefined) return;
    if (typeof reason !== 'string') throw this.#malformed('a stop reason that is no text');
    this.#finish = FINISHES.get(reason) ?? 'stop';
  }

  /** Some proxies send their errors as they are. */
  #untyped(event: Readonly<Record<string, unknown>>): OpenClawError {
    return event['error'] ? streamFailure(event['error'], this.#speech) : this.#malformed('JSON that is no event of the messages API');
  }

  #malformed(what: string): OpenClawError {
    return this.#speech.malformed(what, this.#data);
  }
}
