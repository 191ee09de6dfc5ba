import type { Clock } from '@openclaw-runtime/kit';
import type { Level } from '@openclaw-runtime/model';
import { type Budget, type Kind, OpenClawError, type Payloads, type Usage } from '@openclaw-runtime/protocol';
import { type Amounts, budgetOf, dayOf, NOTHING, plus, UNITS, type Unit } from '@openclaw-runtime/store';
import { untilAborted } from '../abort/until-aborted.ts';
import type { Book } from './book.ts';
import type { Budgets, Scopes, Waiting } from './budgets.ts';
import { costOf, type Expected, expectedOf, type ForecastHouse, type PaidCall } from './forecast.ts';
import { type BudgetPast, beginBudgetPast, callName, numberOf, stepOf } from './past.ts';
import type { Pause } from './pause.ts';
import { pauseOf, type Refusal, refusalOf } from './refusal.ts';
import { RunBooks } from './run-books.ts';

export interface AccountHouse extends ForecastHouse {
  readonly budgets: Budgets;
  readonly clock: Clock;
}

/** The run whose account it is. */
export interface AccountRun {
  readonly tenant: string;
  readonly run: string;
  /** When it was created, in milliseconds since 1970. */
  readonly at: number;
  record<K extends Kind>(kind: K, data: Payloads[K]): void;
  /** What it took so far, as its end would tell. */
  usage(): Usage;
  /** Resolves when what was recorded is durable. */
  settled(): Promise<void>;
  /** Nothing is waited for meanwhile but people. */
  resting<T>(wait: () => Promise<T>): Promise<T>;
}

/** What is set aside for a model call that is under way. */
export interface Grant {
  readonly call: string;
  readonly model: string;
  readonly day: string;
  readonly level: Level | undefined;
  /** Absent for a call of a process that died. */
  readonly expected: Expected | undefined;
  /** What was set aside at first, and what is by now. */
  readonly most: Amounts;
  amounts: Amounts;
  /** Tokens that were heard, of text and of thought, and since when. */
  heard: number;
  thought: number;
  readonly sinceMs: number;
}

/** Timers take no more. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * What one run takes of the budgets it falls under. Before a model call the most that it should take is set aside in all of them, durably; after it what it took is
 * logged, and then entered. The log is the truth: entries are made from it, so that whoever owns the run next enters the same.
 */
export class Account {
  readonly #house: AccountHouse;
  readonly #run: AccountRun;
  readonly #pause: Pause;
  #past: BudgetPast = beginBudgetPast();
  readonly #books: RunBooks;
  readonly #open = new Map<string, Grant>();
  /** Those that may be gone on with, as their providers keep the responses; and those of a process that died. */
  readonly #kept = new Set<string>();
  readonly #lost = new Set<string>();
  /** What is logged and not entered. */
  readonly #settling = new Set<Promise<void>>();
  #ready: Promise<void> | undefined;
  #isLoaded = false;
  #isReleased = false;
  /** Earlier owners may have left calls. */
  #isRestored = false;
  #refusal: Refusal | undefined;

  constructor(house: AccountHouse, run: AccountRun, scopes: Scopes, pause: Pause) {
    this.#house = house;
    this.#run = run;
    this.#pause = pause;
    this.#books = new RunBooks(house, run, scopes);
  }

  /** What earlier owners left. To be called before anything else. */
  restore(past: BudgetPast): void {
    this.#past = structuredClone(past);
    this.#isRestored = true;
  }

  /** Whether time is limited. */
  get isTimed(): boolean {
    return this.#books.all.some(({ limits }) => limits.ms !== undefined);
  }

  /** Resolves when it is known what is left. */
  ready(): Promise<void> {
    return this.#begin();
  }

  /** What is left of all of them, as far as that is known by now. */
  get left(): Budget | undefined {
    const left: { -readonly [U in Unit]?: number } = {};
    for (const book of this.#books.all) {
      const own = book.left;
      for (const unit of UNITS) if (own[unit] !== undefined) left[unit] = Math.max(0, Math.min(own[unit], left[unit] ?? own[unit]));
    }
    return this.#isLoaded ? budgetOf(left) : undefined;
  }

  /**
   * Resolves when the most that the call should take is set aside in all budgets, durably, once there is room for it. Rejects with the signal's reason; with
   * `BUDGET_EXHAUSTED` for a call that is `isOptional` and for which there is no room now.
   */
  async reserve(step: number, asked: PaidCall, signal: AbortSignal, isOptional = false): Promise<Grant> {
    await this.#begin();
    this.#settleLeft(step);
    for (;;) {
      await Promise.all(this.#settling);
      if (signal.aborted) throw signal.reason;
      const day = await this.#books.today();
      const grant = this.#fitting(step, asked, day);
      if (grant) {
        this.#open.set(grant.call, grant);
        this.#enter();
        if (grant.level !== asked.level)
          this.#run.record('budget.lowered', { call: grant.call, from: asked.level ?? 0, to: grant.level ?? 0 });
        await this.#books.saved();
        if (this.#pause.isOwn || this.#pause.current) this.#pause.end();
        this.#refusal = undefined;
        return grant;
      }
      // Nobody waits for what nobody may come back for.
      if (this.#lost.size > 0) {
        this.#settleLeft(Number.POSITIVE_INFINITY);
        continue;
      }
      if (isOptional) throw new OpenClawError('BUDGET_EXHAUSTED', 'The budget has no room for it.');
      await this.#wait(asked, signal);
    }
  }

  /** The call of this step that goes on, where its provider keeps the response. */
  async adopt(step: number, model: string, level: Level | undefined): Promise<Grant | undefined> {
    await this.#begin();
    const call = [...this.#kept, ...this.#lost].find((each) => stepOf(each) === step);
    const grant = call === undefined ? undefined : this.#open.get(call);
    if (call === undefined || !grant) return undefined;
    this.#kept.delete(call);
    this.#lost.delete(call);
    const adopted = { ...grant, model, level, sinceMs: this.#house.clock.now() };
    this.#open.set(call, adopted);
    return adopted;
  }

  /** The call came to its end, and took this. */
  settle(grant: Grant, usage: Usage): void {
    const { clock, priceOf } = this.#house;
    const isTold = usage.inputTokens + usage.outputTokens > 0;
    const price = priceOf(grant.model);
    if (!isTold) return this.#settleHeard(grant);
    const tokens = usage.inputTokens + usage.outputTokens;
    const ms = Math.max(Math.round(clock.now() - grant.sinceMs), 0);
    this.#settle(grant, { microUsd: price ? costOf(price, usage) : 0, tokens, ms });
  }

  /**
   * The call broke off. `usage`: what its provider said it took. `isKept`: the response can be read again. `isFree`: it was refused before anything was done.
   */
  breakOff(grant: Grant, usage: Usage, { isKept, isFree }: { readonly isKept: boolean; readonly isFree: boolean }): void {
    if (isKept) this.#kept.add(grant.call);
    else if (isFree) this.#settle(grant, NOTHING);
    else if (usage.inputTokens + usage.outputTokens > 0) this.settle(grant, usage);
    else this.#settleHeard(grant);
  }

  /**
   * The call takes more than was set aside for it: half as much again, at once. False where there is no room, or where the call is over: then it has to be broken off.
   * One call's reservation above the limit is room, as no more than that is ever overdrawn.
   */
  extend(grant: Grant): boolean {
    const { most } = grant;
    if (!this.#open.has(grant.call)) return false;
    const more: Amounts = { microUsd: half(most.microUsd), tokens: Math.max(half(most.tokens), 1), ms: Math.max(half(most.ms), 1) };
    for (const book of this.#books.of(grant.day)) {
      const { left } = book;
      // Once: what was overdrawn for one call is not there for another.
      if (UNITS.some((unit) => left[unit] !== undefined && more[unit] > left[unit] + most[unit])) return false;
    }
    grant.amounts = plus(grant.amounts, more);
    this.#enter();
    return true;
  }

  /** Somebody raised the budget, as the log says. */
  async raise(added: Budget & { readonly command: string }): Promise<void> {
    await this.#run.settled();
    if (!this.#ready) this.#past.added.push(added);
    await this.#begin();
    await this.#books.raise(added);
  }

  /** Resolves when all that the run took is entered, durably. Defined while it is not: to be called before the run's end is written. */
  flush(): Promise<void> | undefined {
    if (!this.#ready && !this.#isRestored) return undefined;
    const isDone = this.#isLoaded && this.#open.size === 0 && this.#settling.size === 0;
    return isDone && this.#books.all.every((book) => book.isSaved) ? undefined : this.#flush();
  }

  /** The end of the run is durable. */
  close(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#books.close();
  }

  /** What the run waits for, where it does. */
  get waiting(): Waiting | undefined {
    return this.#pause.isOwn ? this.#refusal : undefined;
  }

  /** Another owner goes on: the entries are his. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#books.release();
  }

  async #flush(): Promise<void> {
    await this.#begin();
    this.#settleLeft();
    while (this.#settling.size > 0) await Promise.all(this.#settling);
    await this.#books.saved();
  }

  #begin(): Promise<void> {
    return (this.#ready ??= this.#load());
  }

  async #load(): Promise<void> {
    await this.#books.open(this.#past.days.map(([day]) => day));
    for (const added of this.#past.added) await this.#books.raise(added);
    this.#findLost();
    this.#enter();
    this.#isLoaded = true;
  }

  /** Calls that a process which died had begun: those that every budget knows, and the log does not. */
  #findLost(): void {
    const { clock } = this.#house;
    const settled = new Set(this.#past.calls);
    for (const { call, amounts, day, isEverywhere } of this.#books.entered()) {
      this.#past.count = Math.max(this.#past.count, numberOf(call));
      if (settled.has(call) || !isEverywhere) continue;
      this.#lost.add(call);
      this.#open.set(call, {
        call,
        model: '',
        day: day ?? dayOf(clock.wall()),
        level: undefined,
        expected: undefined,
        most: amounts,
        amounts,
        heard: 0,
        thought: 0,
        sinceMs: clock.now(),
      });
    }
  }

  /** The call at its level, or at the highest lower one for which there is room. */
  #fitting(step: number, asked: PaidCall, day: string): Grant | undefined {
    const books = this.#books.of(day);
    const { level } = asked;
    for (let lower = level; ; lower = (lower - 1) as Level) {
      const expected = this.#expected({ ...asked, level: lower }, books);
      const refusal = refusalOf(books, expected.most);
      if (!refusal) return this.#grant(step, asked.model, lower, expected, day);
      // What the level asked for would have needed.
      if (lower === level) this.#refusal = refusal;
      if (lower === undefined || lower <= 1) {
        this.#refusal = refusal;
        return undefined;
      }
    }
  }

  #expected(asked: PaidCall, books: readonly Book[]): Expected {
    const isMoney = books.some(({ limits }) => limits.microUsd !== undefined);
    if (isMoney && !this.#house.priceOf(asked.model)) throw unpriced(asked.model);
    return expectedOf(this.#house, this.#run.tenant, asked);
  }

  #grant(step: number, model: string, level: Level | undefined, expected: Expected, day: string): Grant {
    const call = callName(step, ++this.#past.count);
    const { most } = expected;
    return { call, model, day, level, expected, most, amounts: most, heard: 0, thought: 0, sinceMs: this.#house.clock.now() };
  }

  /** Until something changed that may give room. */
  async #wait(asked: PaidCall, signal: AbortSignal): Promise<void> {
    const { clock } = this.#house;
    const refusal = this.#refusal;
    if (!refusal) return;
    const { book, until, isFinal } = refusal;
    const { promise, resolve } = Promise.withResolvers<void>();
    let hasChanged = false;
    const unlisten = book.listen(() => {
      hasChanged = true;
      resolve();
    });
    let cancel: () => void = () => undefined;
    try {
      // Somebody may have raised it meanwhile.
      await book.look();
      if (hasChanged) return;
      if (isFinal) {
        const { most } = this.#expected(asked.level === undefined ? asked : { ...asked, level: 1 }, [book]);
        this.#pause.begin(pauseOf(refusal, most, this.#run.usage(), clock.wall()));
      }
      if (until !== undefined) cancel = clock.after(Math.min(Math.max(until - clock.wall(), 1), LONGEST_MS), resolve);
      const room = (): Promise<void> => untilAborted(promise, signal);
      await (isFinal ? this.#run.resting(room) : room());
    } finally {
      cancel();
      unlisten();
    }
  }

  /** Calls that nobody goes on with; `step`: those of this step, and of dead processes those that no later step goes on with. */
  #settleLeft(step?: number): void {
    for (const call of [...this.#kept]) {
      const grant = this.#open.get(call);
      if (!grant || (step !== undefined && stepOf(call) !== step)) continue;
      this.#kept.delete(call);
      this.#settleHeard(grant);
    }
    for (const call of [...this.#lost]) {
      const grant = this.#open.get(call);
      if (step !== undefined && stepOf(call) > step) continue;
      this.#lost.delete(call);
      if (grant) this.#settle(grant, grant.amounts, true);
    }
  }

  /** What was heard, and what had to be read and is likely to have been thought for it. */
  #settleHeard(grant: Grant): void {
    const { clock, priceOf } = this.#house;
    const { expected, heard, thought, model, sinceMs } = grant;
    if (!expected) return this.#settle(grant, grant.amounts, true);
    const thinking = thought > 0 ? thought : expected.thinkingTokens;
    const usage = { inputTokens: expected.inputTokens, outputTokens: heard + thinking, reasoningTokens: thinking, cachedTokens: 0 };
    const price = priceOf(model);
    const ms = Math.max(Math.round(clock.now() - sinceMs), 0);
    this.#settle(grant, { microUsd: price ? costOf(price, usage) : 0, tokens: usage.inputTokens + usage.outputTokens, ms });
  }

  #settle(grant: Grant, amounts: Amounts, isLost = false): void {
    const { call, model, day } = grant;
    if (!this.#open.has(call)) return;
    try {
      this.#run.record('budget.settled', { call, model, day, ...amounts, ...(isLost && { lost: true as const }) });
    } catch {
      // The lease is gone: the next owner settles it.
      return;
    }
    const settling: Promise<void> = this.#run.settled().then(
      () => {
        this.#settling.delete(settling);
        this.#open.delete(call);
        this.#past.spent = plus(this.#past.spent, amounts);
        const known = this.#past.days.find(([name]) => name === day);
        if (known) known[1] = plus(known[1], amounts);
        else this.#past.days.push([day, amounts]);
        this.#enter();
      },
      () => void this.#settling.delete(settling),
    );
    this.#settling.add(settling);
  }

  /** Enters what the log and the calls under way come to. */
  #enter(): void {
    if (this.#isReleased) return;
    this.#books.enter(this.#past, this.#open);
  }
}

function half(amount: number): number {
  return Math.ceil(amount / 2);
}

function unpriced(model: string): OpenClawError {
  const bare = model.split('?')[0];
  return new OpenClawError(
    'BAD_CONFIG',
    `No price is known for the model ${bare}, so no budget in money can hold. Say models.${bare}.price, or limit tokens instead.`,
  );
}
