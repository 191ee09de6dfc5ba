import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError, type RunRequest } from '@openclaw-runtime/protocol';
import {
  type BudgetLimits,
  LIMITS_KEY,
  type Limits,
  limitsOf,
  type RunKey,
  runKey,
  type ScopeName,
  type State,
  type Store,
  tenantOf,
  UNITS,
} from '@openclaw-runtime/store';
import { Book } from './book.ts';
import type { ForecastHouse } from './forecast.ts';
import { Pauses } from './pauses.ts';

/** A budget that a run falls under. */
export interface Scope extends ScopeName {
  readonly limits: Limits;
}

/** What a run falls under. */
export interface Scopes {
  readonly scopes: readonly Scope[];
  /** Of each day. */
  readonly day: Limits | undefined;
}

/** What a run waits for: `left` is what there was when it was refused, `until`, in milliseconds since 1970, when it is over by itself. */
export interface Waiting {
  readonly book: Book;
  readonly left: Limits;
  readonly until: number | undefined;
}

/** A budget of which little is left. */
export interface ShortBudget {
  readonly tenant: string;
  readonly scope: ScopeName['kind'];
  readonly name: string;
  readonly unit: (typeof UNITS)[number];
  /** With what was added to it. */
  readonly limit: number;
  readonly left: number;
}

/** The part of a budget from which on it is nearly used up. */
const NEARLY = 0.8;
/** Those that nobody takes from now, and are remembered all the same; the oldest are forgotten. */
const MOST_SHORT = 100;

/** Runs that wait for a budget and left memory, woken at once: more wait for the next look. */
const WOKEN_AT_ONCE = 256;
export const NO_LIMITS: BudgetLimits = { scopes: {}, agents: {} };

/** The budgets of a house, as far as runs of this process take from them. */
export class Budgets {
  readonly pauses = new Pauses();
  readonly forecasts: ForecastHouse;
  readonly #store: Pick<Store, 'state' | 'runs'>;
  readonly #clock: Clock;
  #limits: BudgetLimits;
  #hasLimits: boolean;
  readonly #books = new Map<string, Book>();
  /** Those that nobody needed at the last look. */
  #idle: ReadonlySet<Book> = new Set();
  /** Of budgets that nobody takes from, those that were nearly used up. */
  readonly #short = new Map<string, readonly ShortBudget[]>();
  /** Parked runs, by what they wait for. */
  readonly #parked = new Map<RunKey, { readonly book: Book; readonly untilMs: number | undefined; isDue: boolean; unlisten(): void }>();

  constructor(store: Pick<Store, 'state' | 'runs'>, clock: Clock, forecasts: ForecastHouse, limits: BudgetLimits = NO_LIMITS) {
    this.forecasts = forecasts;
    this.#store = store;
    this.#clock = clock;
    this.#limits = limits;
    this.#hasLimits = Object.keys(limits.scopes).length + Object.keys(limits.agents).length > 0;
  }

  /** Runs that begin go by these limits; those at work, and those that wait, too, as far as they fell under a limit of the same kind before. */
  async change(limits: BudgetLimits): Promise<void> {
    this.#limits = limits;
    this.#hasLimits = Object.keys(limits.scopes).length + Object.keys(limits.agents).length > 0;
    const { scopes, agents } = limits;
    for (const book of this.#books.values()) {
      const { kind, name } = book.scope;
      if (kind === 'run' || kind === 'task') continue;
      book.change((kind === 'agent' && Object.hasOwn(agents, name) ? agents[name] : scopes[kind]) ?? {});
    }
    await publishLimits(this.#store.state, limits);
  }

  /** Absent for a run that falls under no limit. */
  scopesOf(run: string, { agent, session, budget, parent }: RunRequest): Scopes | undefined {
    if (!this.#hasLimits && budget === undefined) return undefined;
    const { scopes, agents } = this.#limits;
    const task = budget ? limitsOf(budget) : scopes.task;
    const found: Scope[] = [];
    const add = (kind: Scope['kind'], name: string, limits: Limits | undefined): void => {
      if (limits && Object.keys(limits).length > 0) found.push({ kind, name, limits });
    };
    add('tenant', '', scopes.tenant);
    add('agent', agent, Object.hasOwn(agents, agent) ? agents[agent] : scopes.agent);
    if (session !== undefined) add('session', session, scopes.session);
    add('task', parent?.root ?? run, task);
    add('run', run, scopes.run);
    return found.length === 0 && !scopes.day ? undefined : { scopes: found, day: scopes.day };
  }

  get state(): State {
    return this.#store.state;
  }

  /** To be released. */
  acquire(tenant: string, scope: ScopeName, limits: Limits): Book {
    const key = `${tenant}\n${scope.kind}\n${scope.name}`;
    let book = this.#books.get(key);
    this.#short.delete(key);
    if (!book) {
      book = new Book(
        { state: this.#store.state, clock: this.#clock, hasEnded: (run) => this.#hasEnded(runKey(tenant, run)) },
        tenant,
        scope,
        limits,
      );
      this.#books.set(key, book);
    }
    book.users++;
    return book;
  }

  release(book: Book): void {
    book.users--;
  }

  /** The run was parked; it is woken when there may be more room than when it was refused, or from `until` on. */
  park(key: RunKey, { book: before, left, until: untilMs }: Waiting): void {
    this.unpark(key);
    const book = this.acquire(tenantOf(key), before.scope, before.limits);
    const hasMore = (): boolean =>
      UNITS.some((unit) => (book.left[unit] ?? Number.POSITIVE_INFINITY) > (left[unit] ?? Number.POSITIVE_INFINITY));
    const parked = { book, untilMs, isDue: hasMore(), unlisten: book.listen(() => (parked.isDue ||= hasMore())) };
    this.#parked.set(key, parked);
  }

  unpark(key: RunKey): void {
    const parked = this.#parked.get(key);
    if (!parked) return;
    parked.unlisten();
    this.release(parked.book);
    this.#parked.delete(key);
  }

  /** All of the tenant's was erased: what its runs take from now on is all that they took. */
  erase(tenant: string): void {
    for (const key of [...this.#short.keys()].filter((each) => each.startsWith(`${tenant}\n`))) this.#short.delete(key);
    for (const [key, book] of [...this.#books].filter(([each]) => each.startsWith(`${tenant}\n`))) {
      book.erase();
      this.#books.delete(key);
    }
  }

  /** Each second: runs that are to be woken. Forgets what nobody needs. */
  look(): readonly RunKey[] {
    for (const [key, book] of this.#books) {
      // Whoever lets go of one may be about to take it again.
      if (book.isIdle && this.#idle.has(book)) this.#forget(key, book);
      // A look that fails is followed by another.
      else if (book.isListenedTo && !isOfRuns(book.scope)) book.look().catch(() => undefined);
    }
    this.#idle = new Set([...this.#books.values()].filter(({ isIdle }) => isIdle));
    if (this.#parked.size === 0) return [];
    const wallMs = this.#clock.wall();
    const due: RunKey[] = [];
    for (const [key, { isDue, untilMs = Number.POSITIVE_INFINITY }] of this.#parked) {
      if (due.length >= WOKEN_AT_ONCE) break;
      if (isDue || wallMs >= untilMs) due.push(key);
    }
    for (const key of due) this.unpark(key);
    return due;
  }

  /** Those of the house of which at most a fifth is left. */
  get short(): readonly ShortBudget[] {
    return [...this.#short.values(), ...[...this.#books].map(([key, book]) => shortOf(key, book))].flat();
  }

  #forget(key: string, book: Book): void {
    this.#books.delete(key);
    const short = isOfRuns(book.scope) ? [] : shortOf(key, book);
    if (short.length === 0) return;
    this.#short.set(key, short);
    const [oldest] = this.#short.keys();
    if (this.#short.size > MOST_SHORT && oldest !== undefined) this.#short.delete(oldest);
  }

  async #hasEnded(key: RunKey): Promise<boolean> {
    try {
      return (await this.#store.runs.read(key, Number.MAX_SAFE_INTEGER, 1)).head.done;
    } catch (error) {
      return error instanceof OpenClawError && error.code === 'NOT_FOUND';
    }
  }
}

function shortOf(key: string, { scope: { kind, name }, limits, left, added }: Book): readonly ShortBudget[] {
  return UNITS.flatMap((unit) => {
    const limit = limits[unit] === undefined ? undefined : limits[unit] + added[unit];
    const rest = left[unit];
    if (limit === undefined || rest === undefined || rest > limit * (1 - NEARLY)) return [];
    return [{ tenant: key.slice(0, key.indexOf('\n')), scope: kind, name, unit, limit, left: Math.max(rest, 0) }];
  });
}

/** Whoever adds to it is a run of this process, which tells those who wait. */
function isOfRuns({ kind }: ScopeName): boolean {
  return kind === 'task' || kind === 'run';
}

/** Tells gateways which limits there are. */
export async function publishLimits(state: State, limits: BudgetLimits): Promise<void> {
  const found = await state.get('_house', LIMITS_KEY);
  const value = JSON.stringify(limits);
  if (found?.value !== value && (found || value !== JSON.stringify(NO_LIMITS)))
    await state.put('_house', LIMITS_KEY, value, found?.rev ?? 0);
}
