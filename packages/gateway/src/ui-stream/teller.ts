import type { Outcome, RunFold, RunRecord, ToolCall } from '@openclaw-runtime/protocol';
import { CallersTools } from '../openai/reading/callers-tools.ts';
import type { Created } from '../openai/reading/follow.ts';
import type { Chunk } from './chunks.ts';
import { earlierChunks } from './earlier.ts';
import type { UiDoor } from './request.ts';

type Flow = 'text' | 'reasoning';

/** Turns a run's records into chunks of a message, the same for whoever reads, whenever. */
export class UiTeller {
  readonly #run: string;
  readonly #created: Created;
  readonly #callers: CallersTools;
  readonly #replays: boolean;
  /** Of the open step. */
  #said: Record<Flow, string> = { text: '', reasoning: '' };
  #open: { readonly flow: Flow; readonly id: string } | undefined;
  #count = 0;
  #calls = new Map<string, ToolCall>();
  /** Those that nobody is known to carry out yet are told later. */
  #hasTold = false;
  /** How it ended, or would have by now while it waits for its budget. */
  outcome: Outcome | undefined;

  /** `replays`: whoever reads forgets what he knew of the message, so that what stood before in it is told again. */
  constructor(run: string, created: Created, replays: boolean) {
    this.#run = run;
    this.#created = created;
    this.#callers = new CallersTools(created);
    this.#replays = replays;
  }

  take(record: RunRecord): readonly Chunk[] {
    switch (record.kind) {
      case 'run.created':
        return this.#start();
      case 'step.started':
        return record.data.supersedes === undefined ? this.#begin() : this.#again(record.data.keep ?? 0, record.data.keepThinking ?? 0);
      case 'text':
        return this.#say('text', record.data);
      case 'thinking':
        return this.#say('reasoning', record.data);
      case 'tool.called':
        return this.#called(record.data);
      case 'tool.started':
        return this.#carriedOut(record);
      case 'tool.result': {
        const { id: toolCallId, content, error } = record.data;
        const own = { toolCallId, providerExecuted: true, dynamic: true } as const;
        const result: Chunk = error
          ? { type: 'tool-output-error', ...own, errorText: content }
          : { type: 'tool-output-available', ...own, output: content };
        return [...this.#carriedOut(record), result];
      }
      case 'approval.asked':
        return [{ type: 'data-approval', id: record.data.id, data: { run: this.#run, ...record.data } }];
      case 'approval.given':
        return [{ type: 'data-approval', id: record.data.id, data: { run: this.#run, ...record.data } }];
      case 'step.ended':
        return [...this.#close(), { type: 'finish-step' }];
      case 'budget.paused':
        return this.#end(record.data.outcome);
      case 'run.finished':
        return this.#end(record.data);
      default:
        return [];
    }
  }

  /** What stands for all records so far; nothing was told before. */
  takeFold(fold: RunFold): readonly Chunk[] {
    const chunks: Chunk[] = [...this.#start()];
    for (const { text, thinking, toolCalls, ended } of fold.steps) {
      chunks.push(...this.#begin(), ...this.#say('reasoning', thinking), ...this.#say('text', text));
      for (const call of toolCalls) chunks.push(...this.#called(call));
      if (ended) chunks.push(...this.#close(), { type: 'finish-step' });
    }
    // Who carried out what is not in a fold.
    this.#callers.forget();
    const outcome = fold.outcome ?? fold.paused;
    return outcome ? [...chunks, ...this.#end(outcome)] : chunks;
  }

  #start(): readonly Chunk[] {
    const { message } = (this.#created.door ?? {}) as Partial<UiDoor>;
    const start: Chunk = { type: 'start', messageId: message ?? `msg_${this.#run}`, messageMetadata: { openclaw: { run: this.#run } } };
    return this.#replays && message !== undefined ? [start, ...earlierChunks(this.#created.input)] : [start];
  }

  #begin(): readonly Chunk[] {
    this.#said = { text: '', reasoning: '' };
    this.#calls.clear();
    this.#hasTold = false;
    this.#callers.forget();
    return [{ type: 'start-step' }];
  }

  /** Of the step's words those stand that come before these places: it is told anew where that takes something back. */
  #again(keep: number, keepThinking: number): readonly Chunk[] {
    const { text, reasoning } = this.#said;
    const isLess = text.length > keep || reasoning.length > keepThinking || this.#hasTold;
    this.#calls.clear();
    this.#callers.forget();
    if (!isLess) return [];
    this.#said = { text: '', reasoning: '' };
    this.#open = undefined;
    this.#hasTold = false;
    return [{ type: 'reset-step' }, ...this.#say('reasoning', reasoning.slice(0, keepThinking)), ...this.#say('text', text.slice(0, keep))];
  }

  #say(flow: Flow, delta: string): readonly Chunk[] {
    if (delta === '') return [];
    this.#said[flow] += delta;
    if (this.#open?.flow === flow) return [{ type: `${flow}-delta`, id: this.#open.id, delta }];
    const closed = this.#close();
    const id = String(this.#count++);
    this.#open = { flow, id };
    return [...closed, { type: `${flow}-start`, id }, { type: `${flow}-delta`, id, delta }];
  }

  #close(): readonly Chunk[] {
    if (!this.#open) return [];
    const { flow, id } = this.#open;
    this.#open = undefined;
    return [{ type: `${flow}-end`, id }];
  }

  #called(call: ToolCall): readonly Chunk[] {
    if (this.#callers.takes(call)) return this.#input(call, {});
    this.#calls.set(call.id, call);
    return [];
  }

  /** The server does it: a tool of the run's agent. */
  #carriedOut(record: Extract<RunRecord, { readonly kind: 'tool.started' | 'tool.result' }>): readonly Chunk[] {
    this.#callers.carriedOut(record);
    const call = this.#calls.get(record.data.id);
    this.#calls.delete(record.data.id);
    return call ? this.#input(call, { providerExecuted: true, dynamic: true }) : [];
  }

  #input({ id, name, arguments: args }: ToolCall, by: { readonly providerExecuted?: true; readonly dynamic?: true }): readonly Chunk[] {
    this.#hasTold = true;
    return [{ type: 'tool-input-available', toolCallId: id, toolName: name, input: inputOf(args), ...by }];
  }

  #end(outcome: Outcome): readonly Chunk[] {
    this.outcome = outcome;
    const closed = this.#close();
    if (outcome.status === 'cancelled') return [...closed, { type: 'abort', reason: 'The run was cancelled.' }];
    if (outcome.status !== 'completed') {
      const { code, message } = outcome.error;
      return [...closed, { type: 'error', errorText: `${code}: ${message}` }];
    }
    const { reason, usage } = outcome;
    const left = reason === 'tool_calls' ? this.#callers.left.flatMap((call) => this.#input(call, {})) : [];
    const finishReason = FINISHES[reason];
    return [...closed, ...left, { type: 'finish', finishReason, messageMetadata: { openclaw: { run: this.#run, usage } } }];
  }
}

const FINISHES = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  content_filter: 'content-filter',
  interrupted: 'stop',
} as const;

/** As the model wrote it, where that is no JSON. */
export function inputOf(args: string): unknown {
  try {
    return args.trim() === '' ? {} : JSON.parse(args);
  } catch {
    return args;
  }
}
