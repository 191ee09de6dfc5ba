import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import type { RunItem } from '@openclaw-runtime/client';
import { OpenClawError, type Outcome, type RunFold, type ToolCall } from '@openclaw-runtime/protocol';
import { finishOf, usageOf } from './usage.ts';

/** What was told of a step. */
interface Told {
  text: string;
  thinking: string;
  readonly calls: Set<string>;
}

type Flow = 'text' | 'thinking';

/** Turns a run's records into the parts of a stream of the AI SDK. */
export class PartTeller {
  readonly #run: string;
  readonly #modelId: string;
  readonly #callers: ReadonlySet<string>;
  readonly #holds: boolean;
  readonly #steps = new Map<number, Told>();
  #step = 0;
  #parts: LanguageModelV4StreamPart[] = [];
  /** Of the step, where it is told as a whole. */
  #held: LanguageModelV4StreamPart[] = [];
  #open: { readonly flow: Flow; readonly id: string } | undefined;
  #count = 0;
  /** Calls of which it is not known yet who carries them out. */
  #left: ToolCall[] = [];
  #level: number | undefined;
  /** How it ended, or would have by now while it waits for its budget. */
  outcome: Outcome | undefined;

  /** `tools` are the caller's. */
  constructor(run: string, modelId: string, tools: readonly string[], supersede: 'error' | 'hold') {
    this.#run = run;
    this.#modelId = modelId;
    this.#callers = new Set(tools);
    this.#holds = supersede === 'hold';
  }

  /** Throws `PROVIDER_FAILED` when words that were told do not stand. */
  take(item: RunItem): readonly LanguageModelV4StreamPart[] {
    this.#parts = [];
    this.#take(item);
    return this.#parts;
  }

  #take(item: RunItem): void {
    switch (item.kind) {
      case 'run.created':
        return this.#release({ type: 'response-metadata', id: this.#run, timestamp: new Date(item.data.at), modelId: this.#modelId });
      case 'snapshot':
        return this.#replace(item.fold);
      case 'level.chosen':
        this.#level = item.data.level;
        return;
      case 'step.started':
        if (item.data.supersedes === undefined) this.#begin(item.step);
        else this.#again(item.data.keep ?? 0, item.data.keepThinking ?? 0);
        return;
      case 'text':
      case 'thinking':
        return this.#say(item.kind, item.data);
      case 'tool.called':
        return this.#called(item.data);
      case 'tool.started':
        return this.#carriedOut(item.data.id);
      case 'tool.result': {
        const { id, name, content, error } = item.data;
        this.#carriedOut(id);
        const isError = error === undefined ? {} : { isError: true };
        return this.#release({ type: 'tool-result', toolCallId: id, toolName: name, result: content, dynamic: true, ...isError });
      }
      case 'step.ended':
        this.#close();
        return this.#flush();
      case 'budget.paused':
      case 'run.finished':
        return this.#end(item.kind === 'run.finished' ? item.data : item.data.outcome);
      default:
    }
  }

  #begin(step: number): void {
    this.#step = step;
    this.#steps.set(step, { text: '', thinking: '', calls: new Set() });
    this.#left = [];
  }

  /** Of the step's words those stand that come before these places. */
  #again(keep: number, keepThinking: number): void {
    const told = this.#told();
    const { text, thinking } = told;
    if (!this.#holds && (text.length > keep || thinking.length > keepThinking || told.calls.size > 0)) throw superseded(this.#run);
    this.#left = [];
    if (!this.#holds) return;
    this.#held = [];
    this.#open = undefined;
    Object.assign(told, { text: '', thinking: '' });
    told.calls.clear();
    this.#say('thinking', thinking.slice(0, keepThinking));
    this.#say('text', text.slice(0, keep));
  }

  /** What is known of the run now, whatever was told before. */
  #replace(fold: RunFold): void {
    for (const { step, text, thinking, toolCalls, ended } of fold.steps) {
      if (!this.#steps.has(step)) this.#begin(step);
      this.#step = step;
      const told = this.#told();
      if (!text.startsWith(told.text) || !thinking.startsWith(told.thinking)) throw superseded(this.#run);
      this.#say('thinking', thinking.slice(told.thinking.length));
      this.#say('text', text.slice(told.text.length));
      for (const call of toolCalls) if (!told.calls.has(call.id)) this.#called(call);
      if (!ended) continue;
      this.#close();
      this.#flush();
    }
    this.#level = fold.level ?? this.#level;
    const outcome = fold.outcome ?? fold.paused;
    if (outcome) this.#end(outcome);
  }

  #say(flow: Flow, said: string): void {
    if (said === '') return;
    if (this.#open?.flow !== flow) {
      this.#close();
      this.#open = { flow, id: String(this.#count++) };
      this.#tell({ type: wordOf(flow, 'start'), id: this.#open.id });
    }
    this.#told()[flow] += said;
    this.#tell({ type: wordOf(flow, 'delta'), id: this.#open.id, delta: said });
  }

  #close(): void {
    if (!this.#open) return;
    this.#tell({ type: wordOf(this.#open.flow, 'end'), id: this.#open.id });
    this.#open = undefined;
  }

  #called(call: ToolCall): void {
    this.#told().calls.add(call.id);
    if (this.#callers.has(call.name)) this.#tell(...this.#callParts(call));
    else this.#left.push(call);
  }

  /** The server carries it out: a tool of its agent. */
  #carriedOut(id: string): void {
    const call = this.#left.find((each) => each.id === id);
    if (!call) return;
    this.#left = this.#left.filter((each) => each !== call);
    this.#release(...this.#callParts(call, { providerExecuted: true, dynamic: true }));
  }

  #callParts({ id, name, arguments: args }: ToolCall, by: object = {}): LanguageModelV4StreamPart[] {
    return [
      { type: 'tool-input-start', id, toolName: name, ...by },
      { type: 'tool-input-delta', id, delta: args },
      { type: 'tool-input-end', id },
      { type: 'tool-call', toolCallId: id, toolName: name, input: args, ...by },
    ];
  }

  #end(outcome: Outcome): void {
    this.outcome = outcome;
    this.#close();
    this.#flush();
    if (outcome.status !== 'completed') return;
    if (outcome.reason === 'tool_calls') for (const call of this.#left) this.#release(...this.#callParts(call));
    const openclaw = { run: this.#run, ...(this.#level === undefined ? {} : { level: this.#level }) };
    this.#release({ type: 'finish', finishReason: finishOf(outcome), usage: usageOf(outcome.usage), providerMetadata: { openclaw } });
  }

  #told(): Told {
    const told = this.#steps.get(this.#step);
    if (!told) throw new OpenClawError('DATA_DAMAGED', `The log of run ${this.#run} has words outside of a step.`);
    return told;
  }

  #tell(...parts: readonly LanguageModelV4StreamPart[]): void {
    (this.#holds ? this.#held : this.#parts).push(...parts);
  }

  #release(...parts: readonly LanguageModelV4StreamPart[]): void {
    this.#parts.push(...parts);
  }

  #flush(): void {
    this.#release(...this.#held);
    this.#held = [];
  }
}

function wordOf<W extends 'start' | 'delta' | 'end'>(flow: Flow, word: W): `text-${W}` | `reasoning-${W}` {
  return flow === 'text' ? `text-${word}` : `reasoning-${word}`;
}

function superseded(run: string): OpenClawError {
  return new OpenClawError(
    'PROVIDER_FAILED',
    `The provider broke off, and the answer was begun anew: what was streamed of it does not stand. Ask again, or ask with providerOptions.openclaw.supersede "hold" (run ${run}).`,
  );
}
