import type { Finish, Outcome, RunFold, RunRecord, ToolCall } from '@openclaw-runtime/protocol';
import type { PriceOf } from '../../admission/options.ts';
import type { Supersede } from '../input/asked.ts';
import { Bill } from '../reading/bill.ts';
import { CallersTools } from '../reading/callers-tools.ts';
import { type Cuts, NO_CUTS } from '../reading/cuts.ts';
import type { Created } from '../reading/follow.ts';

/** What one record comes to: at most one chunk, so that a cursor says exactly what was told. */
export interface Told {
  readonly delta?: Delta;
  readonly finish?: Exclude<Finish, 'interrupted'>;
  /** How much of what was told stands. */
  readonly rewind?: Rewind;
  /** What was told does not stand, and the client cannot take it back. */
  readonly isBroken?: true;
}

export interface Delta {
  role?: 'assistant';
  content?: string;
  reasoning_content?: string;
  tool_calls?: DeltaCall[];
}

interface DeltaCall {
  readonly index: number;
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

/** UTF-16 units of the whole answer, and calls, that stand. */
export interface Rewind {
  readonly content: number;
  readonly reasoning_content: number;
  readonly tool_calls: number;
}

interface Flow {
  /** Characters that the step has in the log. */
  place: number;
  /** Of those, how many were told. */
  told: number;
  /** Told of the steps before. */
  before: number;
}

/** Turns a run's records into chunks of one choice. */
export class ChatTeller {
  readonly #supersede: Supersede;
  readonly #calls: CallersTools;
  readonly #text: Flow = { place: 0, told: 0, before: 0 };
  readonly #thinking: Flow = { place: 0, told: 0, before: 0 };
  /** Of the whole answer, and of the step before whose attempt they were made. */
  #called = 0;
  #calledBefore = 0;
  /** Of the step, where it is told as a whole. */
  #held: Delta = {};
  cuts: Cuts = NO_CUTS;
  outcome: Outcome | undefined;
  /** How it would have ended by now, while it waits for its budget to have room. */
  paused: Outcome | undefined;
  readonly bill: Bill;

  constructor(created: Created, supersede: Supersede, priceOf?: PriceOf) {
    this.bill = new Bill(priceOf);
    this.#supersede = supersede;
    this.#calls = new CallersTools(created);
  }

  take(record: RunRecord): Told | undefined {
    this.bill.take(record);
    switch (record.kind) {
      case 'run.created':
        return { delta: { role: 'assistant', content: '' } };
      case 'step.started':
        return record.data.supersedes === undefined ? this.#begin() : this.#again(record.data.keep ?? 0, record.data.keepThinking ?? 0);
      case 'text':
        return this.#say(this.#text, 'content', record.data, this.cuts.of(record.step, record.seq).text);
      case 'thinking':
        return this.#say(this.#thinking, 'reasoning_content', record.data, this.cuts.of(record.step, record.seq).thinking);
      case 'tool.called':
        if (this.cuts.of(record.step, record.seq).isVoid || !this.#calls.takes(record.data)) return undefined;
        return this.#tell({ tool_calls: [this.#call(record.data)] });
      case 'tool.started':
      case 'tool.result':
        this.#calls.carriedOut(record);
        return undefined;
      case 'step.ended':
        return this.#release();
      case 'run.finished':
        return this.#finish(record.data);
      case 'budget.paused':
        this.paused = record.data.outcome;
        return undefined;
      case 'budget.added':
      case 'budget.resumed':
        this.paused = undefined;
        return undefined;
      default:
        return undefined;
    }
  }

  /** What stands for all records so far. */
  takeFold(fold: RunFold): Told {
    this.bill.lose();
    this.paused = fold.paused;
    const delta: Delta = { role: 'assistant', content: '' };
    for (const { text, thinking, toolCalls } of fold.steps) {
      this.#begin();
      for (const [flow, said] of [
        [this.#text, text],
        [this.#thinking, thinking],
      ] as const) {
        flow.place = said.length;
        flow.told = said.length;
      }
      merge(delta, { content: text, ...(thinking === '' ? {} : { reasoning_content: thinking }) });
      const calls = toolCalls.filter((call) => this.#calls.takes(call));
      if (calls.length > 0) merge(delta, { tool_calls: calls.map((call) => this.#call(call)) });
    }
    // Whose they are is known by their names only: who carried out what is not in a fold.
    if (delta.tool_calls) this.#calls.forget();
    if (!fold.outcome) return { delta };
    const end = this.#finish(fold.outcome);
    return { ...end, delta: end.delta ? merge(delta, end.delta) : delta };
  }

  #begin(): undefined {
    for (const flow of [this.#text, this.#thinking]) {
      flow.before += flow.told;
      flow.told = 0;
      flow.place = 0;
    }
    this.#calledBefore = this.#called;
    this.#calls.forget();
    return undefined;
  }

  #again(keep: number, keepThinking: number): Told | undefined {
    const wasTold = this.#text.told > keep || this.#thinking.told > keepThinking || this.#called > this.#calledBefore;
    for (const [flow, kept] of [
      [this.#text, keep],
      [this.#thinking, keepThinking],
    ] as const) {
      flow.place = Math.min(flow.place, kept);
      flow.told = Math.min(flow.told, kept);
    }
    this.#called = this.#calledBefore;
    this.#calls.forget();
    if (this.#supersede === 'hold') {
      const { content, reasoning_content: thought } = this.#held;
      this.#held = {
        ...(content === undefined ? {} : { content: content.slice(0, keep) }),
        ...(thought === undefined ? {} : { reasoning_content: thought.slice(0, keepThinking) }),
      };
      return undefined;
    }
    if (!wasTold) return undefined;
    if (this.#supersede === 'error') return { isBroken: true };
    return {
      rewind: {
        content: this.#text.before + this.#text.told,
        reasoning_content: this.#thinking.before + this.#thinking.told,
        tool_calls: this.#called,
      },
    };
  }

  #say(flow: Flow, name: 'content' | 'reasoning_content', said: string, limit: number): Told | undefined {
    const visible = said.slice(0, Math.max(0, limit - flow.place));
    flow.place += said.length;
    if (visible === '') return undefined;
    flow.told += visible.length;
    return this.#tell({ [name]: visible });
  }

  #tell(delta: Delta): Told | undefined {
    if (this.#supersede !== 'hold') return { delta };
    merge(this.#held, delta);
    return undefined;
  }

  #release(): Told | undefined {
    const delta = this.#held;
    this.#held = {};
    return Object.keys(delta).length > 0 ? { delta } : undefined;
  }

  #call({ id, name, arguments: args }: ToolCall): DeltaCall {
    return { index: this.#called++, id, type: 'function', function: { name, arguments: args } };
  }

  #finish(outcome: Outcome): Told {
    this.outcome = outcome;
    const held = this.#release()?.delta;
    if (outcome.status !== 'completed') return held ? { delta: held } : {};
    const { reason } = outcome;
    const calls = reason === 'tool_calls' ? this.#calls.left : [];
    const delta = merge(held ?? {}, calls.length > 0 ? { tool_calls: calls.map((call) => this.#call(call)) } : {});
    return { delta, finish: reason === 'interrupted' ? 'stop' : reason };
  }
}

export function merge(into: Delta, { content, reasoning_content: thought, tool_calls: calls }: Delta): Delta {
  if (content !== undefined) into.content = (into.content ?? '') + content;
  if (thought !== undefined) into.reasoning_content = (into.reasoning_content ?? '') + thought;
  if (calls !== undefined) into.tool_calls = [...(into.tool_calls ?? []), ...calls];
  return into;
}
