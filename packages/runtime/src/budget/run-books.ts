import type { Clock } from '@openclaw-runtime/kit';
import type { Budget } from '@openclaw-runtime/protocol';
import { type Amounts, addToBudget, dayOf, limitsOf, NOTHING } from '@openclaw-runtime/store';
import type { Book } from './book.ts';
import type { Budgets, Scopes } from './budgets.ts';
import type { BudgetPast } from './past.ts';

/** A call that is entered as under way. `day`: in whose budget, where days have one. */
export interface EnteredCall {
  readonly call: string;
  readonly amounts: Amounts;
  readonly day: string | undefined;
  /** In all budgets that it falls under; the process died before it was begun otherwise. */
  readonly isEverywhere: boolean;
}

interface Run {
  readonly tenant: string;
  readonly run: string;
  /** When it was created, in milliseconds since 1970. */
  readonly at: number;
}

/** The books of all budgets that one run falls under. */
export class RunBooks {
  readonly #house: { readonly budgets: Budgets; readonly clock: Clock };
  readonly #run: Run;
  readonly #scopes: Scopes;
  #books: readonly Book[] = [];
  readonly #days = new Map<string, Book>();

  constructor(house: { readonly budgets: Budgets; readonly clock: Clock }, run: Run, scopes: Scopes) {
    this.#house = house;
    this.#run = run;
    this.#scopes = scopes;
  }

  /** `days`: those of which the run took something. */
  async open(days: readonly string[]): Promise<void> {
    const { budgets, clock } = this.#house;
    const { tenant, at } = this.#run;
    this.#books = this.#scopes.scopes.map((scope) => budgets.acquire(tenant, scope, scope.limits));
    const today = clock.wall();
    // An earlier owner may have set something aside on any of these.
    if (this.#scopes.day) for (const day of [...days, dayOf(at), dayOf(today - 86_400_000), dayOf(today)]) this.#ofDay(day);
    await Promise.all(this.all.map((book) => book.ready()));
  }

  get all(): readonly Book[] {
    return [...this.#books, ...this.#days.values()];
  }

  /** Those of one day, the widest first. */
  of(day: string): readonly Book[] {
    const daily = this.#days.get(day);
    if (!daily) return this.#books;
    const wider = this.#books.filter((book) => book.scope.kind === 'tenant');
    return [...wider, daily, ...this.#books.filter((book) => book.scope.kind !== 'tenant')];
  }

  /** Resolves when its book can be used. */
  async today(): Promise<string> {
    const day = dayOf(this.#house.clock.wall());
    if (this.#scopes.day) await this.#ofDay(day).ready();
    return day;
  }

  /** The run's calls that are entered as under way. */
  entered(): readonly EnteredCall[] {
    const { run } = this.#run;
    const days = [...this.#days].map(([day, book]) => ({ day, open: book.entry(run)?.open }));
    const [first, ...others] = this.#books.map((book) => book.entry(run)?.open);
    const known = this.#books.length > 0 ? [...(first ?? [])] : days.flatMap(({ open }) => [...(open ?? [])]);
    return known.map(([call, amounts]) => {
      const day = days.find(({ open }) => open?.has(call))?.day;
      const isEverywhere = others.every((open) => open?.has(call)) && (!this.#scopes.day || day !== undefined);
      return { call, amounts, day, isEverywhere };
    });
  }

  /** Enters what the log and the calls under way come to. */
  enter(past: BudgetPast, calls: ReadonlyMap<string, { readonly amounts: Amounts; readonly day: string }>): void {
    const { run } = this.#run;
    const open = openOf([...calls]);
    const hasAny = open.size > 0 || past.count > 0;
    for (const book of this.#books) if (hasAny || book.entry(run)) book.set(run, { spent: past.spent, open });
    for (const [day, book] of this.#days) {
      const spent = past.days.find(([name]) => name === day)?.[1] ?? NOTHING;
      const daily = openOf([...calls].filter(([, call]) => call.day === day));
      if (daily.size > 0 || spent !== NOTHING || book.entry(run)) book.set(run, { spent, open: daily });
    }
  }

  async saved(): Promise<void> {
    await Promise.all(this.all.map((book) => book.saved()));
  }

  /** Somebody added to what the run and its task may take. */
  async raise({ command, ...budget }: Budget & { readonly command: string }): Promise<void> {
    const amounts = { ...NOTHING, ...limitsOf(budget) };
    for (const book of this.#books) {
      if (book.scope.kind !== 'task' && book.scope.kind !== 'run') continue;
      await addToBudget(this.#house.budgets.state, this.#run.tenant, book.scope, command, amounts);
      await book.look();
    }
  }

  /** The run has ended. */
  close(): void {
    for (const book of this.all) book.close(this.#run.run);
    this.release();
  }

  /** The entries are another owner's. */
  release(): void {
    for (const book of this.all) this.#house.budgets.release(book);
  }

  #ofDay(day: string): Book {
    const known = this.#days.get(day);
    if (known) return known;
    const book = this.#house.budgets.acquire(this.#run.tenant, { kind: 'day', name: day }, this.#scopes.day ?? {});
    this.#days.set(day, book);
    return book;
  }
}

function openOf(calls: readonly (readonly [call: string, { readonly amounts: Amounts }])[]): Map<string, Amounts> {
  return new Map(calls.map(([call, { amounts }]) => [call, amounts]));
}
