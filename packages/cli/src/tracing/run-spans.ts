import type { Clock } from '@openclaw-runtime/kit';
import type { Payloads, RunRecord, Usage } from '@openclaw-runtime/protocol';
import { type RunKey, runOf } from '@openclaw-runtime/store';
import type { Attributes, EndedSpan, SpanEvent, SpanSink } from '../machine/span.ts';
import { inputText, type SpanContent } from './content.ts';
import { type RunTrace, spanIdOf } from './context.ts';

export interface RunSpanOptions {
  readonly sink: SpanSink;
  readonly clock: Pick<Clock, 'wall'>;
  /** Who has a model, in OpenTelemetry's words. */
  readonly providerOf: (model: string) => string | undefined;
  /** Absent: no prompt, answer, argument or result is in a span. */
  readonly content?: SpanContent | undefined;
}

/** A span that is not over. */
interface Open {
  readonly spanId: string;
  readonly startMs: number;
  readonly attributes: Record<string, Attributes[string]>;
  readonly events: SpanEvent[];
}

interface OpenStep extends Open {
  readonly step: number;
  model: string;
  /** Its first word came, or may have come to an owner before. */
  isHeard: boolean;
}

/** A call that the model asked for; it has a span once it began. */
interface OpenTool extends Open {
  readonly name: string;
}

type Asked = Payloads['run.created'];

/**
 * Makes spans of the records that one owner of a run appends: `invoke_agent` for the run, `chat` for each step, `execute_tool` for each call of a tool that ran, by
 * OpenTelemetry's conventions for generative AI. What an owner that died had begun is ended by the next one, under the same ids.
 */
export class RunSpans {
  readonly #key: RunKey;
  readonly #asked: Asked;
  readonly #trace: RunTrace;
  readonly #options: RunSpanOptions;
  readonly #tools = new Map<string, OpenTool>();
  #step: OpenStep | undefined;
  #level: number | undefined;
  #text = '';

  constructor(key: RunKey, asked: Asked, trace: RunTrace, options: RunSpanOptions) {
    this.#key = key;
    this.#asked = asked;
    this.#trace = trace;
    this.#options = options;
  }

  /** Text of a step. `read` gives it, where it is wanted. */
  text(step: number, read: () => string): void {
    const open = this.#step?.step === step ? this.#step : this.#at(step);
    if (!open.isHeard) {
      open.isHeard = true;
      open.attributes['gen_ai.response.time_to_first_chunk'] = (this.#now - open.startMs) / 1000;
    }
    if (this.#options.content) this.#text += read();
  }

  take(record: RunRecord): void {
    switch (record.kind) {
      case 'level.chosen':
        this.#level = record.data.level;
        return;
      case 'step.started':
        if (record.data.supersedes === undefined) this.#end();
        this.#begin(record.step, record.data.model);
        return;
      case 'step.retried':
        return this.#retried(record.step, record.data);
      case 'step.resumed':
        return this.#note(this.#at(record.step), 'resumed', { 'openclaw.resumed_by': record.data.by });
      case 'step.responding':
        this.#at(record.step).attributes['gen_ai.response.id'] = record.data.response;
        return;
      case 'step.ended':
        return this.#end(record.data);
      case 'tool.called':
        return this.#called(record.data);
      case 'tool.started':
        return this.#toolStarted(record.data);
      case 'tool.result':
        return this.#toolEnded(record.data);
      case 'piece.done':
        return this.#piece(record.data);
      case 'run.finished':
        return this.#finished(record.data);
      default:
    }
  }

  #begin(step: number, model: string): OpenStep {
    if (this.#step?.step === step) {
      this.#step.model = model;
      return this.#step;
    }
    const attributes: Open['attributes'] = {
      'gen_ai.operation.name': 'chat',
      ...this.#common(model),
      ...(this.#level !== undefined && { 'openclaw.reasoning.level': this.#level }),
      'openclaw.step': step,
    };
    this.#level = undefined;
    this.#text = '';
    const spanId = spanIdOf(this.#key, `step ${step}`);
    this.#step = { spanId, startMs: this.#now, attributes, events: [], step, model, isHeard: false };
    return this.#step;
  }

  /** A step that may have been begun by an owner before. */
  #at(step: number): OpenStep {
    if (this.#step?.step === step) return this.#step;
    const open = this.#begin(step, this.#asked.model ?? '');
    open.isHeard = true;
    open.attributes['openclaw.taken_up'] = true;
    return open;
  }

  #retried(step: number, { error, delayMs, model }: Payloads['step.retried']): void {
    const open = this.#at(step);
    const next = model === undefined ? {} : { 'gen_ai.request.model': bare(model) };
    this.#note(open, 'retried', { 'error.type': error.code, 'openclaw.delay_ms': delayMs, ...next });
    if (model !== undefined) open.model = model;
  }

  #end(how?: Payloads['step.ended'], error?: string): void {
    const step = this.#step;
    if (!step) return;
    this.#step = undefined;
    const { attributes, model } = step;
    attributes['gen_ai.response.model'] = bare(model);
    if (how) {
      attributes['gen_ai.response.finish_reasons'] = [how.finish];
      Object.assign(attributes, usageOf(how.usage));
    }
    const { content } = this.#options;
    if (content && this.#text !== '') attributes['gen_ai.output.messages'] = content.message('assistant', this.#text, how?.finish);
    this.#emit(`chat ${bare(String(attributes['gen_ai.request.model'] ?? model))}`, 'client', step, this.#trace.spanId, error);
  }

  #called({ id, arguments: text }: Payloads['tool.called']): void {
    const { content } = this.#options;
    this.#tools.set(id, this.#tool(id, '', content && { 'gen_ai.tool.call.arguments': content.text(text) }));
  }

  #toolStarted({ id, name, key }: Payloads['tool.started']): void {
    const known = this.#tools.get(id)?.attributes;
    this.#tools.set(id, { ...this.#tool(id, name, known), spanId: spanIdOf(this.#key, `tool ${key}`) });
  }

  /** A call that never ran (it was denied, or its tool is the caller's) has no span; one that an owner before began has. */
  #toolEnded({ id, name, ms, content: told, error }: Payloads['tool.result']): void {
    const known = this.#tools.get(id);
    this.#tools.delete(id);
    if (known ? known.name === '' : ms === 0) return;
    const open = known ?? { ...this.#tool(id, name), startMs: this.#now - ms };
    const { content } = this.#options;
    if (content) open.attributes['gen_ai.tool.call.result'] = content.text(told);
    this.#emit(`execute_tool ${name}`, 'internal', open, this.#trace.spanId, error?.code);
  }

  #tool(id: string, name: string, more: Attributes = {}): OpenTool {
    const attributes = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.call.id': id, 'gen_ai.tool.type': 'function', ...more };
    const named = name === '' ? attributes : { ...attributes, 'gen_ai.tool.name': name, 'openclaw.run': this.#run };
    return { spanId: spanIdOf(this.#key, `tool ${id}`), startMs: this.#now, attributes: named, events: [], name };
  }

  /** A step of an operation, and a model call that its code makes beside the conversation. */
  #piece({ what, name, n, ms, error }: Payloads['piece.done']): void {
    if (what !== 'step' && what !== 'generate') return;
    const isCall = what === 'generate';
    const attributes = isCall
      ? { 'gen_ai.operation.name': 'chat', ...this.#common(this.#asked.model) }
      : { 'openclaw.operation': this.#asked.operation ?? '' };
    const open = { spanId: spanIdOf(this.#key, `${what} ${name} ${n}`), startMs: this.#now - ms, attributes, events: [] };
    this.#emit(`${isCall ? 'chat' : 'step'} ${name}`.trim(), isCall ? 'client' : 'internal', open, this.#trace.spanId, error?.code);
  }

  #finished(outcome: Payloads['run.finished']): void {
    const error = 'error' in outcome ? outcome.error.code : undefined;
    const reason = error ?? (outcome.status === 'completed' ? undefined : outcome.status);
    this.#end(undefined, reason);
    // Nobody waits for the results of these any more.
    for (const tool of this.#tools.values())
      if (tool.name !== '') this.#emit(`execute_tool ${tool.name}`, 'internal', tool, this.#trace.spanId, reason);
    const { agent, at, operation, fork, parent } = this.#asked;
    const { content } = this.#options;
    const attributes = {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': agent,
      ...this.#common(this.#asked.model),
      ...usageOf(outcome.usage),
      ...(outcome.status === 'completed' && { 'gen_ai.response.finish_reasons': [outcome.reason] }),
      ...(operation !== undefined && { 'openclaw.operation': operation }),
      ...(fork && { 'openclaw.fork_of': fork.run }),
      ...(parent && { 'openclaw.parent': parent.run }),
      'openclaw.status': outcome.status,
      ...(content && { 'gen_ai.input.messages': content.message('user', inputText(this.#asked.input)) }),
    };
    const { spanId, parentId } = this.#trace;
    this.#emit(`invoke_agent ${agent}`, 'internal', { spanId, startMs: at, attributes, events: [] }, parentId, error);
  }

  #common(model: string | undefined): Record<string, string> {
    const named = model === undefined || model === '' ? undefined : bare(model);
    const provider = named === undefined ? undefined : this.#options.providerOf(named);
    return {
      ...(provider !== undefined && { 'gen_ai.provider.name': provider }),
      ...(named !== undefined && { 'gen_ai.request.model': named }),
      'gen_ai.conversation.id': this.#asked.session ?? this.#run,
      'openclaw.run': this.#run,
    };
  }

  #note(open: Open, name: string, attributes: Attributes): void {
    open.events.push({ name, atMs: this.#now, attributes });
  }

  #emit(name: string, kind: EndedSpan['kind'], open: Open, parentId: string | undefined, error: string | undefined): void {
    const { traceId, state } = this.#trace;
    const { spanId, startMs, attributes, events } = open;
    const endMs = Math.max(this.#now, startMs);
    const said = error === undefined ? attributes : { ...attributes, 'error.type': error };
    const place = { traceId, spanId, ...(parentId !== undefined && { parentId }), ...(state !== undefined && { state }) };
    this.#options.sink({ name, kind, ...place, startMs, endMs, attributes: said, events, ...(error !== undefined && { error }) });
  }

  get #run(): string {
    return runOf(this.#key);
  }

  get #now(): number {
    return this.#options.clock.wall();
  }
}

/** Without the simulated model's options. */
function bare(model: string): string {
  return model.split('?')[0] ?? model;
}

function usageOf({ inputTokens, outputTokens, cachedTokens, reasoningTokens }: Usage): Record<string, number> {
  return {
    'gen_ai.usage.input_tokens': inputTokens,
    'gen_ai.usage.output_tokens': outputTokens,
    ...(cachedTokens > 0 && { 'gen_ai.usage.cache_read.input_tokens': cachedTokens }),
    ...(reasoningTokens > 0 && { 'gen_ai.usage.reasoning.output_tokens': reasoningTokens }),
  };
}
