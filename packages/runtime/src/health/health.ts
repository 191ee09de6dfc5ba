import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError, type Tier } from '@openclaw-runtime/protocol';
import type { TierRules } from './rules.ts';
import { CALM, heed, holdOf, judge, type TierState } from './tier.ts';
import { type Event, HealthWindow, type Reading } from './window.ts';

/** What is judged by itself. `host`: what carries agents' code; it is called `threads`. */
export type Kind = 'model' | 'agent' | 'host';

/** What is in another tier now. */
export interface TierChange {
  readonly of: Kind;
  readonly name: string;
  readonly tier: Tier;
  readonly from: Tier;
  readonly why: string;
}

/** How one of them fares. */
export interface Fares {
  readonly of: Kind;
  readonly name: string;
  readonly tier: Tier;
  readonly why: string;
  /** Milliseconds for which it has been in this tier. */
  readonly forMs: number;
  /** Somebody set it. */
  readonly byHand: boolean;
  readonly reading: Reading;
}

/** Names are made up by callers, so only so many are kept; those in tier 0 that nothing was heard of for longest go first. */
const MOST = 1_000;
const STATIC = 3;
/** Longer names are nobody's. */
const NAME_CHARS = 200;

interface Subject {
  readonly of: Kind;
  readonly name: string;
  readonly window: HealthWindow;
  state: TierState;
  set: Tier | undefined;
  setMs: number;
  /** When it was tried last though it is not to be relied on. */
  probedMs: number;
}

/** How models, agents and hosts fare, and which tier each is in for it. */
export class Health {
  #rules: TierRules;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #onChange: (change: TierChange) => void;
  readonly #subjects = new Map<string, Subject>();
  /** The last of them: what is noted comes mostly of one. */
  #latest: Subject | undefined;
  /** Those in a tier above 0: the others cost no look. */
  readonly #raised = new Set<Subject>();

  constructor(clock: Pick<Clock, 'now'>, rules: TierRules, onChange: (change: TierChange) => void = () => undefined) {
    this.#clock = clock;
    this.#rules = rules;
    this.#onChange = onChange;
  }

  get rules(): TierRules {
    return this.#rules;
  }

  /** What was heard so far is kept, over the window that it was heard in. */
  change(rules: TierRules): void {
    this.#rules = rules;
  }

  /** `ms`: to the first word. */
  note(of: Kind, name: string, event: Event, ms?: number): void {
    const subject = this.#find(of, name);
    if (!subject) return;
    const nowMs = this.#clock.now();
    subject.window.note(nowMs, event, ms);
    const isCalm = event === 'ok' && (ms === undefined || ms <= this.rules.slowMs);
    if (isCalm && subject.state.tier === 0) return;
    subject.state = heed(subject.state, isCalm ? 'ok' : event === 'ok' ? 'failed' : event, nowMs);
    this.#judge(subject, nowMs);
  }

  /** Now and then: tiers are left by the clock alone, too. */
  look(): void {
    if (this.#raised.size === 0) return;
    const nowMs = this.#clock.now();
    for (const subject of this.#raised) this.#judge(subject, nowMs);
  }

  tierOf(of: Kind, name: string): Tier {
    return this.#raised.size === 0 ? 0 : tierOf(this.#subjects.get(keyOf(of, name)));
  }

  /** Of what makes a call of this agent's to this model static; undefined where nothing does. */
  staticFor(agent: string, model: string): Fares | undefined {
    if (this.#raised.size === 0) return undefined;
    for (const key of [keyOf('model', model), keyOf('agent', agent), keyOf('host', THREADS)]) {
      const subject = this.#subjects.get(key);
      if (subject && tierOf(subject) === STATIC) return this.#fares(subject, this.#clock.now());
    }
    return undefined;
  }

  /** Whether this model, which is in tier 3, is to be asked all the same, to find out whether it has recovered. Each answer of true is one try. */
  mayProbe(model: string): boolean {
    const subject = this.#subjects.get(keyOf('model', model));
    if (!subject || subject.set !== undefined) return false;
    const nowMs = this.#clock.now();
    const everyMs = holdOf(subject.state, this.rules) / (this.rules.recoveries + 1);
    if (nowMs - Math.max(subject.probedMs, subject.state.badMs) < everyMs) return false;
    subject.probedMs = nowMs;
    return true;
  }

  /** By hand, until it is set to undefined, after which it is judged anew. Throws `BAD_REQUEST` for a host of another name, `RATE_LIMITED` where too many are in another tier already. */
  set(of: Kind, name: string, tier: Tier | undefined): void {
    if (of === 'host' && name !== THREADS) throw new OpenClawError('BAD_REQUEST', `The host is called ${THREADS}.`);
    const subject = this.#find(of, name);
    if (!subject) throw new OpenClawError('RATE_LIMITED', `At most ${MOST} are kept. Set one of them to auto first.`);
    const from = tierOf(subject);
    const nowMs = this.#clock.now();
    subject.set = tier;
    subject.setMs = nowMs;
    if (tier === undefined) {
      subject.window.clear();
      subject.state = CALM;
    }
    this.#tell(subject, from, 'it was set by hand');
  }

  /** The highest there is. */
  get highest(): Tier {
    let highest: Tier = 0;
    for (const subject of this.#raised) if (tierOf(subject) > highest) highest = tierOf(subject);
    return highest;
  }

  list(): readonly Fares[] {
    const nowMs = this.#clock.now();
    return [...this.#subjects.values()].map((subject) => this.#fares(subject, nowMs));
  }

  #fares(subject: Subject, nowMs: number): Fares {
    const { of, name, state, set, setMs, window } = subject;
    const byHand = set !== undefined;
    return {
      of,
      name,
      tier: set ?? state.tier,
      why: byHand ? 'it was set by hand' : state.why,
      forMs: Math.max(Math.round(nowMs - (byHand ? setMs : state.sinceMs)), 0),
      byHand,
      reading: window.read(nowMs),
    };
  }

  #judge(subject: Subject, nowMs: number): void {
    const from = tierOf(subject);
    const before = subject.state;
    subject.state = judge(before, (lastMs) => subject.window.read(nowMs, lastMs), this.rules, nowMs);
    // What it was left for is not held against it again.
    if (subject.state.tier < before.tier) subject.window.forgive();
    this.#tell(subject, from, subject.state.why);
  }

  #tell(subject: Subject, from: Tier, why: string): void {
    const tier = tierOf(subject);
    if (tier > 0 || subject.state.tier > 0) this.#raised.add(subject);
    else this.#raised.delete(subject);
    if (tier !== from) this.#onChange({ of: subject.of, name: subject.name, tier, from, why });
  }

  #find(of: Kind, name: string): Subject | undefined {
    const key = keyOf(of, name);
    const known = this.#subjects.get(key);
    if (known && known !== this.#latest) {
      this.#subjects.delete(key);
      this.#subjects.set(key, known);
      this.#latest = known;
    }
    if (known || key.length > NAME_CHARS) return known;
    if (this.#subjects.size >= MOST && !this.#forget()) return undefined;
    const window = new HealthWindow(this.rules.windowMs, this.rules.slowMs);
    const bare = of === 'model' ? bareName(name) : name;
    const subject: Subject = {
      of,
      name: bare,
      window,
      state: { ...CALM, sinceMs: this.#clock.now() },
      set: undefined,
      setMs: 0,
      probedMs: 0,
    };
    this.#subjects.set(key, subject);
    this.#latest = subject;
    return subject;
  }

  #forget(): boolean {
    for (const [key, subject] of this.#subjects) {
      if (this.#raised.has(subject)) continue;
      this.#subjects.delete(key);
      return true;
    }
    return false;
  }
}

/** What carries agents' code. */
export const THREADS = 'threads';

function tierOf(subject: Subject | undefined): Tier {
  return subject?.set ?? subject?.state.tier ?? 0;
}

/** Of a model what stands before its options counts. */
function keyOf(of: Kind, name: string): string {
  return `${of}\n${of === 'model' ? bareName(name) : name}`;
}

function bareName(model: string): string {
  const query = model.indexOf('?');
  return query < 0 ? model : model.slice(0, query);
}
