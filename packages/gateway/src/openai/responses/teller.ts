import type { Outcome, RunFold, RunRecord, ToolCall } from '@openclaw-runtime/protocol';
import type { PriceOf } from '../../admission/options.ts';
import { Bill } from '../reading/bill.ts';
import { CallersTools } from '../reading/callers-tools.ts';
import type { Created } from '../reading/follow.ts';
import { closed, done, grew, opened, type ResponseEvent } from './events.ts';
import type { Flowing, Item } from './items.ts';
import { responseBody } from './response.ts';

/** Turns a run's records into a response's events, and keeps its output. The same records always give the same events. */
export class ResponseTeller {
  readonly run: string;
  readonly created: Created;
  readonly items: Item[] = [];
  readonly #calls: CallersTools;
  /** Of the step, from here on. */
  #stepFrom = 0;
  #open: Flowing | undefined;
  hasBegun = false;
  /** How hard the model was asked to think last. */
  level: 1 | 2 | 3 | 4 | undefined;
  outcome: Outcome | undefined;
  /** How it would have ended by now, while it waits for its budget to have room. */
  paused: Outcome | undefined;
  readonly bill: Bill;

  constructor(run: string, created: Created, priceOf?: PriceOf) {
    this.bill = new Bill(priceOf);
    this.run = run;
    this.created = created;
    this.#calls = new CallersTools(created);
  }

  take(record: RunRecord): readonly ResponseEvent[] {
    this.bill.take(record);
    switch (record.kind) {
      case 'run.created':
        return [this.#lifecycle('created'), this.#lifecycle(this.created.door?.['background'] === true ? 'queued' : 'in_progress')];
      case 'step.started':
        return record.data.supersedes === undefined ? this.#begin() : this.#again(record.data.keep ?? 0, record.data.keepThinking ?? 0);
      case 'text':
        return this.#say('message', record.data);
      case 'thinking':
        return this.#say('reasoning', record.data);
      case 'tool.called':
        return this.#calls.takes(record.data) ? this.#call(record.data) : [];
      case 'tool.started':
      case 'tool.result':
        this.#calls.carriedOut(record);
        return [];
      case 'step.ended':
        return this.#close();
      case 'run.finished':
        return this.#finish(record.data);
      case 'level.chosen':
        this.level = record.data.level;
        return [];
      case 'budget.paused':
        this.paused = record.data.outcome;
        return [];
      case 'budget.added':
      case 'budget.resumed':
        this.paused = undefined;
        return [];
      default:
        return [];
    }
  }

  /** What stands for all records so far. */
  takeFold(fold: RunFold): readonly ResponseEvent[] {
    const events: ResponseEvent[] = [this.#lifecycle('created'), this.#lifecycle('in_progress')];
    this.bill.lose();
    this.paused = fold.paused;
    this.level = fold.level;
    for (const { text, thinking, toolCalls, ended } of fold.steps) {
      events.push(...this.#begin());
      if (thinking !== '') events.push(...this.#say('reasoning', thinking));
      if (text !== '') events.push(...this.#say('message', text));
      for (const call of toolCalls) if (this.#calls.takes(call)) events.push(...this.#call(call));
      if (ended) events.push(...this.#close());
    }
    // Whose they are is known by their names only: who carried out what is not in a fold.
    if (this.items.some(({ kind }) => kind === 'call')) this.#calls.forget();
    if (fold.outcome) events.push(...this.#finish(fold.outcome));
    return events;
  }

  #begin(): readonly ResponseEvent[] {
    this.#stepFrom = this.items.length;
    this.#calls.forget();
    if (this.hasBegun) return [];
    this.hasBegun = true;
    return this.created.door?.['background'] === true ? [this.#lifecycle('in_progress')] : [];
  }

  /** The step's items are incomplete, and others begin with what stands of them. */
  #again(keep: number, keepThinking: number): readonly ResponseEvent[] {
    this.#calls.forget();
    const items = this.items.slice(this.#stepFrom);
    const text = said(items, 'message');
    const thinking = said(items, 'reasoning');
    const hasCalls = items.some(({ kind }) => kind === 'call');
    if (text.length <= keep && thinking.length <= keepThinking && !hasCalls) return [];
    this.#open = undefined;
    const events: ResponseEvent[] = [];
    for (const item of items) {
      item.status = 'incomplete';
      if (item.kind !== 'call') item.text = '';
      events.push(done(item));
    }
    this.#stepFrom = this.items.length;
    if (keepThinking > 0 && thinking !== '') events.push(...this.#say('reasoning', thinking.slice(0, keepThinking)));
    if (keep > 0 && text !== '') events.push(...this.#say('message', text.slice(0, keep)));
    return events;
  }

  #say(kind: Flowing['kind'], delta: string): readonly ResponseEvent[] {
    const before = this.#open?.kind === kind ? [] : this.#close();
    const events: ResponseEvent[] = [...before];
    if (!this.#open) {
      const index = this.items.length;
      const id = `${kind === 'message' ? 'msg' : 'rs'}_${this.run}_${index}`;
      this.#open = { kind, id, index, text: '', status: 'in_progress' };
      this.items.push(this.#open);
      events.push(...opened(this.#open));
    }
    this.#open.text += delta;
    events.push(grew(this.#open, delta));
    return events;
  }

  #call(call: ToolCall): readonly ResponseEvent[] {
    const before = this.#close();
    const index = this.items.length;
    const item: Item = { kind: 'call', id: `fc_${this.run}_${index}`, index, call, status: 'in_progress' };
    this.items.push(item);
    const begun = opened(item);
    item.status = 'completed';
    return [...before, ...begun, ...closed(item)];
  }

  #close(status: 'completed' | 'incomplete' = 'completed'): readonly ResponseEvent[] {
    const item = this.#open;
    if (!item) return [];
    this.#open = undefined;
    item.status = status;
    return closed(item);
  }

  #finish(outcome: Outcome): readonly ResponseEvent[] {
    const events = [...this.#close(outcome.status === 'completed' ? 'completed' : 'incomplete')];
    if (outcome.status === 'completed' && outcome.reason === 'tool_calls')
      for (const call of this.#calls.left) events.push(...this.#call(call));
    this.outcome = outcome;
    const { status } = responseBody(this);
    // There is no event of its own for what was cancelled.
    return [...events, this.#lifecycle(status === 'cancelled' ? 'incomplete' : status)];
  }

  #lifecycle(type: string): ResponseEvent {
    return { type: `response.${type}`, response: responseBody(this) };
  }
}

function said(items: readonly Item[], kind: Flowing['kind']): string {
  return items.map((item) => (item.kind === kind ? item.text : '')).join('');
}
