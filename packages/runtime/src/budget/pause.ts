import type { Clock } from '@openclaw-runtime/kit';
import type { BudgetPause, Kind, Payloads } from '@openclaw-runtime/protocol';

export interface PauseHouse {
  readonly clock: Clock;
  record<K extends Kind>(kind: K, data: Payloads[K]): void;
  /** What lists say of the run. */
  show(isPaused: boolean): void;
  /** Tells whoever started the run. */
  tell(pause: BudgetPause | undefined): void;
}

/** What the log says of a run's pauses. It is JSON. */
export interface PausePast {
  /** Milliseconds of those that are over. */
  pausedMs: number;
  /** The one that is not. */
  paused?: BudgetPause;
}

/** Milliseconds after a budget was raised in which it should have shown whether that was enough. */
const PATIENCE_MS = 500;

/** Whether a run waits for a budget: because it has no room itself, or a run that it started. The time in which it does is no time of the run's. */
export class Pause {
  readonly #house: PauseHouse;
  /** What the log says. */
  #logged: BudgetPause | undefined;
  #own: BudgetPause | undefined;
  readonly #children = new Map<string, BudgetPause>();
  /** When this owner began to wait, on the clock's `now`, and how long it did so before. */
  #sinceMs: number | undefined;
  #heldMs = 0;
  /** Since the log said it last the budget was raised: it has to say it again. */
  #staleMs: number | undefined;

  constructor(house: PauseHouse) {
    this.#house = house;
  }

  /** What an earlier owner left. */
  restore({ paused }: PausePast): void {
    if (!paused) return;
    this.#logged = paused;
    this.#sinceMs = this.#house.clock.now();
    this.#house.show(true);
    this.#house.tell(paused);
  }

  /** How long this owner has waited. */
  heldMs(nowMs: number): number {
    return this.#heldMs + (this.#sinceMs === undefined ? 0 : nowMs - this.#sinceMs);
  }

  /** Why it waits, as far as the log knows. */
  get current(): BudgetPause | undefined {
    return this.#logged;
  }

  /** Whether it has no room itself. */
  get isOwn(): boolean {
    return this.#own !== undefined;
  }

  begin(pause: BudgetPause): void {
    this.#own = pause;
    this.#say();
  }

  /** There is room for the next model call. */
  end(): void {
    this.#own = undefined;
    this.#say();
  }

  child(child: string, pause: BudgetPause | undefined): void {
    if (pause) this.#children.set(child, { ...pause, child });
    else this.#children.delete(child);
    this.#say();
  }

  /** Somebody raised the budget: readers of the log take it that the run goes on, until they are told otherwise. */
  raised(): void {
    if (this.#logged) this.#staleMs = this.#house.clock.now();
  }

  /** Now and then. */
  look(nowMs: number): void {
    if (this.#staleMs !== undefined && nowMs - this.#staleMs >= PATIENCE_MS) this.#say();
  }

  #say(): void {
    const { clock, record, show, tell } = this.#house;
    const [first] = this.#children.values();
    const now = this.#own ?? first;
    const before = this.#logged;
    if (now) {
      if (before && this.#staleMs === undefined && isSame(now, before)) return;
      this.#staleMs = undefined;
      this.#logged = now;
      this.#sinceMs ??= clock.now();
      record('budget.paused', now);
      show(true);
      tell(now);
    } else if (before) {
      this.#staleMs = undefined;
      this.#logged = undefined;
      this.#heldMs = this.heldMs(clock.now());
      this.#sinceMs = undefined;
      const at = clock.wall();
      record('budget.resumed', { at, pausedMs: Math.max(at - before.at, 0) });
      show(false);
      tell(undefined);
    }
  }
}

/** Whether it is nothing new. */
function isSame(a: BudgetPause, b: BudgetPause): boolean {
  return a.scope === b.scope && a.name === b.name && a.unit === b.unit && a.limit === b.limit && a.child === b.child;
}
