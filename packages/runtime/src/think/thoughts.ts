import type { Reasoning } from '@openclaw-runtime/agent';
import type { Level } from '@openclaw-runtime/model';
import {
  addUsage,
  type ChosenLevel,
  type Message,
  NO_USAGE,
  type RunRecord,
  type RunRequest,
  type Usage,
} from '@openclaw-runtime/protocol';
import type { AskOptional } from './judges.ts';
import { type Asked, askedOf } from './query.ts';
import type { Anchor, Chosen, Left, Thinker } from './thinker.ts';

/** What recovery has to know of a run's levels. It is JSON. */
export interface ThoughtsPast {
  /** That was chosen last. */
  chosen?: Pick<ChosenLevel, 'level' | 'model' | 'wanted' | 'score'> & { readonly step: number };
  /** That was set by a command, and whether none was chosen since then. */
  set?: RunRequest['level'];
  isSetAnew?: boolean;
  /** Of models that were asked how deep to think. */
  judged?: Usage;
}

/** What the levels of one run's model calls are chosen from. */
export interface ThoughtsOptions {
  /** Absent: only what the request says counts, and nothing is written. */
  readonly thinker: Thinker | undefined;
  readonly tenant: string;
  readonly asked: Pick<RunRequest, 'level' | 'complexity' | 'input'> & { readonly agent?: string };
  readonly agent: Reasoning | undefined;
  left(): Left | undefined;
  readonly ask: AskOptional;
}

/** A model call that is about to begin. */
export interface ThoughtCall {
  readonly step: number;
  readonly model: string;
  readonly messages: readonly Message[];
  /** Set where an earlier owner began it: it keeps its level. */
  readonly resume?: unknown;
}

export interface ThoughtTurn {
  /** Somebody asks something new: else the level stays as it is. */
  readonly isNew: boolean;
  /** It has a level of its own, whatever the calls before it had. */
  readonly isOwn?: boolean;
}

/** How a model call is asked to think; `chosen` is to be written with its beginning. */
export interface Depth {
  readonly level?: Level;
  readonly chosen?: ChosenLevel;
  /** What was asked, as far as it was looked at. */
  readonly about?: Asked;
}

const NOTHING: Depth = {};
/** Of answers that were wrong. */
const REDONE_AT: Level = 3;

/** How deep the models of one run think, call by call. */
export class Thoughts {
  readonly #options: ThoughtsOptions;
  #past: ThoughtsPast | undefined;
  #anchor: Anchor | undefined;
  /** What the run's first call was asked, and of whom. */
  #first: (Asked & { readonly model: string }) | undefined;
  #last: { readonly query: string; readonly level: Level } | undefined;

  constructor(options: ThoughtsOptions) {
    this.#options = options;
  }

  /** What an earlier owner left. */
  restore(past: ThoughtsPast | undefined): void {
    if (!past) return;
    this.#past = { ...past };
    const { chosen } = past;
    if (chosen?.score !== undefined) this.#anchor = { level: chosen.wanted ?? chosen.level, score: chosen.score };
  }

  /** What was chosen before in the same conversation; what this run chose goes before that. */
  goOnFrom(previous: Anchor | undefined): void {
    this.#anchor ??= previous;
  }

  /** What the conversation's next run goes by. */
  get anchor(): Anchor | undefined {
    return this.#anchor;
  }

  /** Tokens that no step accounts for. */
  get judged(): Usage {
    return this.#past?.judged ?? NO_USAGE;
  }

  /** From the next call on. */
  setLevel(level: RunRequest['level']): void {
    this.#past = { ...this.#past, set: level, isSetAnew: true };
  }

  /** A promise where the store, or a model, has to be asked first; it does not reject. */
  of(call: ThoughtCall, { isNew, isOwn = false }: ThoughtTurn, signal: AbortSignal): Depth | Promise<Depth> {
    const { thinker, tenant, asked, agent, ask } = this.#options;
    const wanted = this.#past?.set ?? asked.level;
    if (!thinker) return typeof wanted === 'number' ? { level: wanted } : NOTHING;
    const { chosen, isSetAnew = false } = this.#past ?? {};
    const isSettled = call.resume !== undefined || !(isNew || isSetAnew);
    if (isSettled && chosen && (!isOwn || chosen.step === call.step)) return this.#at(askedOf(call.messages), chosen.level);
    if (isSettled) return typeof wanted === 'number' ? { level: wanted } : NOTHING;
    const { complexity } = asked;
    const thought = {
      tenant,
      messages: call.messages,
      agent,
      agentName: asked.agent,
      wanted: { ...(wanted !== undefined && { level: wanted }), ...(complexity !== undefined && { complexity }) },
      model: call.model,
      previous: this.#anchor,
      left: this.#options.left(),
      ask,
    };
    const answer = thinker.choose(thought, signal);
    return answer instanceof Promise ? answer.then((each) => this.#take(call, each)) : this.#take(call, answer);
  }

  /** The depth at which a call is made again whose answer was wrong; undefined where no more may be had than there was. Does not reject. */
  async deeper(call: ThoughtCall, { level }: Depth, signal: AbortSignal): Promise<Depth | undefined> {
    const { thinker, tenant, agent, ask } = this.#options;
    if (!thinker || level === undefined || level >= REDONE_AT) return undefined;
    const { model, messages } = call;
    const left = this.#options.left();
    const wanted = { level: REDONE_AT } as const;
    const chosen = await thinker.choose({ tenant, agent, model, messages, wanted, previous: undefined, left, ask }, signal);
    if (!chosen || chosen.record.level <= level) return undefined;
    const why = [`the answer at level ${level} did not pass its check`, ...chosen.record.why.slice(1)];
    return this.#take(call, { ...chosen, record: { ...chosen.record, why } });
  }

  /** How far an answer was right, 0..1. */
  checked({ level, about }: Depth, correct: number): void {
    const { thinker, tenant } = this.#options;
    if (thinker && level !== undefined && about) thinker.learn(tenant, { correct }, about.query, level).catch(() => undefined);
  }

  /** What a call took that was asked to think so deep. */
  spent({ level, about }: Depth, model: string, usage: Usage, ms: number): void {
    const { thinker, tenant } = this.#options;
    if (level !== undefined && about) thinker?.spent(tenant, { ...about, level, model, usage, ms });
  }

  /** What a whole run of this agent took, all its calls together. */
  finished(agent: string, usage: Usage, ms: number): void {
    const { thinker, tenant } = this.#options;
    const level = this.#past?.chosen?.level;
    if (level !== undefined && this.#first) thinker?.spent(tenant, { ...this.#first, agent, level, usage, ms });
  }

  /** What became of the last answer. */
  learn(feedback: unknown): void {
    const { thinker, tenant, asked } = this.#options;
    const query =
      this.#last?.query ?? askedOf(typeof asked.input === 'string' ? [{ role: 'user', content: asked.input }] : asked.input).query;
    const level = this.#last?.level ?? this.#past?.chosen?.level;
    // What is not learned is no reason for a run to end.
    if (thinker && level !== undefined) thinker.learn(tenant, feedback, query, level).catch(() => undefined);
  }

  #take({ step }: ThoughtCall, chosen: Chosen | undefined): Depth {
    if (!chosen) {
      this.#last = undefined;
      return NOTHING;
    }
    const { record, anchor, asked } = chosen;
    const { level, model, wanted, score, judged } = record;
    const { isSetAnew: _, ...past } = this.#past ?? {};
    this.#past = {
      ...past,
      chosen: { step, level, model, ...(wanted !== undefined && { wanted }), ...(score !== undefined && { score }) },
      ...(judged && { judged: addUsage(this.judged, judged) }),
    };
    if (anchor) this.#anchor = anchor;
    this.#first ??= { ...asked, model };
    this.#last = { query: asked.query, level };
    return { level, chosen: record, about: asked };
  }

  #at(about: Asked, level: Level): Depth {
    this.#last = { query: about.query, level };
    return { level, about };
  }
}

/** Applies one record, in place. */
export function followThoughts(past: { thoughts?: ThoughtsPast }, record: RunRecord): void {
  if (record.kind === 'level.set') {
    past.thoughts = { ...past.thoughts, set: record.data.level, isSetAnew: true };
  } else if (record.kind === 'level.chosen') {
    const { level, model, wanted, score, judged } = record.data;
    const chosen = { step: record.step, level, model, ...(wanted !== undefined && { wanted }), ...(score !== undefined && { score }) };
    const { isSetAnew: _, judged: before, ...rest } = past.thoughts ?? {};
    const all = judged ? addUsage(before ?? NO_USAGE, judged) : before;
    past.thoughts = { ...rest, chosen, ...(all && { judged: all }) };
  }
}
