import { type Clock, sleep } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import {
  type Amounts,
  closeEntry,
  emptyLedger,
  encodeEntry,
  encodeLedger,
  type Ledger,
  type Limits,
  ledgerKey,
  leftOf,
  minus,
  NOTHING,
  openOf,
  parseLedger,
  plus,
  type RunEntry,
  readAdded,
  type ScopeName,
  type State,
  type Totals,
  totalsOf,
  UNITS,
} from '@openclaw-runtime/store';

export interface BookHouse {
  readonly state: State;
  readonly clock: Clock;
  /** Whether the run has ended, or is gone. */
  hasEnded(run: string): Promise<boolean>;
}

interface Waiter {
  readonly version: number;
  resolve(): void;
  reject(error: unknown): void;
}

const RETRY_FULL_MS = 250;
/** Longer ledgers are written less often: a character for each so many a millisecond. */
const CHARS_PER_MS = 16_384;
const LONG_CHARS = 65_536;

/**
 * What is taken of one budget, in memory and in the store. Entries are set in memory at once; what gathers while a write is under way goes with the next one. A
 * write that finds that somebody else wrote reads again and sets its own entries anew: each run's is its owner's.
 */
export class Book {
  readonly scope: ScopeName;
  #limits: Limits;
  /** Runs that take from it. */
  users = 0;
  readonly #house: BookHouse;
  readonly #tenant: string;
  #ledger: Ledger = emptyLedger();
  /** Of each run, its entry as it is written. */
  #texts = new Map<string, string>();
  #totals: Totals = { spent: NOTHING, reserved: NOTHING };
  #added: Amounts = NOTHING;
  #rev = 0;
  #ready: Promise<void> | undefined;
  /** What is not written: of each run, whether it has ended. */
  #dirty = new Map<string, 'set' | 'closed'>();
  /** The same of what is on its way. */
  #sent: ReadonlyMap<string, 'set' | 'closed'> = new Map();
  /** Entries of those that are closed, until that is written. */
  readonly #closing = new Map<string, { readonly entry: RunEntry; readonly isWritten: boolean }>();
  #version = 0;
  #written = 0;
  #isWriting = false;
  /** What the store has of it was erased, and is not to come back. */
  #isErased = false;
  #waiters: Waiter[] = [];
  readonly #listeners = new Set<() => void>();

  constructor(house: BookHouse, tenant: string, scope: ScopeName, limits: Limits) {
    this.#house = house;
    this.#tenant = tenant;
    this.scope = scope;
    this.#limits = limits;
  }

  get limits(): Limits {
    return this.#limits;
  }

  change(limits: Limits): void {
    this.#limits = limits;
    this.#tell();
  }

  /** Resolves when what the store has is in memory. */
  ready(): Promise<void> {
    return (this.#ready ??= this.#load().catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    }));
  }

  get totals(): Totals {
    return this.#totals;
  }

  get added(): Amounts {
    return this.#added;
  }

  get left(): Limits {
    return leftOf(this.#limits, this.#added, this.#totals);
  }

  get isIdle(): boolean {
    return this.users === 0 && this.#dirty.size === 0 && !this.#isWriting && this.#listeners.size === 0;
  }

  entry(run: string): RunEntry | undefined {
    return this.#ledger.runs.get(run);
  }

  set(run: string, entry: RunEntry): void {
    const text = encodeEntry(run, entry);
    if (this.#texts.get(run) === text) return;
    const before = this.#totals;
    this.#take(run, entry, text);
    this.#touch(run, 'set');
    if (this.#isOver(before)) this.#tell();
  }

  /** The run has ended, and its entry stands for all of it. */
  close(run: string): void {
    const entry = this.#ledger.runs.get(run);
    if (!entry) return;
    this.#closing.set(run, { entry, isWritten: !this.#dirty.has(run) && !this.#sent.has(run) });
    this.#settle(run);
    this.#touch(run, 'closed');
  }

  get isSaved(): boolean {
    return this.#isErased || this.#written >= this.#version;
  }

  /** Resolves when all that was set is in the store. Rejects with `STORE_FAILED`. */
  saved(): Promise<void> {
    if (this.isSaved) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ version: this.#version, resolve, reject }));
  }

  /** Calls back when there may be more room, or less is set aside by others, until the returned function is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  get isListenedTo(): boolean {
    return this.#listeners.size > 0;
  }

  /** Looks whether somebody raised the limit. Resolves to whether somebody did. */
  async look(): Promise<boolean> {
    const added = await readAdded(this.#house.state, this.#tenant, this.scope);
    if (UNITS.every((unit) => added[unit] === this.#added[unit])) return false;
    this.#added = added;
    this.#tell();
    return true;
  }

  async #load(): Promise<void> {
    this.#added = await readAdded(this.#house.state, this.#tenant, this.scope);
    await this.#read();
    void this.#sweep();
  }

  /** Takes what the store has, and over it those entries that are not written. */
  async #read(): Promise<void> {
    const found = await this.#house.state.get(this.#tenant, ledgerKey(this.scope));
    const own = this.#ledger.runs;
    this.#rev = found?.rev ?? 0;
    this.#ledger = found ? parseLedger(found.value) : emptyLedger();
    this.#texts = new Map([...this.#ledger.runs].map(([run, entry]) => [run, encodeEntry(run, entry)]));
    this.#totals = totalsOf(this.#ledger);
    for (const [run, how] of this.#dirty) {
      const closing = how === 'closed' ? this.#closing.get(run) : undefined;
      const entry = closing?.entry ?? own.get(run);
      // Closed by somebody else.
      if (!entry || (closing?.isWritten && !this.#ledger.runs.has(run))) continue;
      this.#take(run, entry, encodeEntry(run, entry));
      if (how === 'closed') this.#settle(run);
    }
  }

  /** Runs that ended without their entries being closed. */
  async #sweep(): Promise<void> {
    for (const run of [...this.#ledger.runs.keys()]) {
      if (!(await this.#house.hasEnded(run).catch(() => false))) continue;
      this.close(run);
      this.#tell();
    }
  }

  #take(run: string, entry: RunEntry, text: string): void {
    const before = this.#ledger.runs.get(run);
    const { spent, reserved } = this.#totals;
    this.#totals = {
      spent: plus(minus(spent, before?.spent ?? NOTHING), entry.spent),
      reserved: plus(minus(reserved, before ? openOf(before) : NOTHING), openOf(entry)),
    };
    this.#ledger.runs.set(run, entry);
    this.#texts.set(run, text);
  }

  #settle(run: string): void {
    const entry = this.#ledger.runs.get(run);
    if (!entry) return;
    const open = openOf(entry);
    const { spent, reserved } = this.#totals;
    this.#totals = { spent: plus(spent, open), reserved: minus(reserved, open) };
    closeEntry(this.#ledger, run);
    this.#texts.delete(run);
  }

  /** Whether less is set aside: there is more room, or, where all of it was taken, whoever waited for it has to know. */
  #isOver({ spent, reserved }: Totals): boolean {
    const now = this.#totals;
    return UNITS.some((unit) => now.reserved[unit] < reserved[unit] || now.spent[unit] + now.reserved[unit] < spent[unit] + reserved[unit]);
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  erase(): void {
    this.#isErased = true;
    this.#dirty.clear();
    for (const waiter of this.#waiters) waiter.resolve();
    this.#waiters = [];
  }

  #touch(run: string, how: 'set' | 'closed'): void {
    if (this.#isErased) return;
    this.#dirty.set(run, how);
    this.#version++;
    if (!this.#isWriting) void this.#write();
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    try {
      // What happens in this turn goes together.
      await this.ready();
      while (this.#dirty.size > 0) await this.#put();
    } catch (error) {
      const waiters = this.#waiters;
      this.#waiters = [];
      for (const waiter of waiters) waiter.reject(error);
    } finally {
      this.#isWriting = false;
    }
  }

  async #put(): Promise<void> {
    const { state, clock } = this.#house;
    const sent = this.#dirty;
    this.#sent = sent;
    const version = this.#version;
    this.#dirty = new Map();
    const text = encodeLedger(this.#ledger.closed, [...this.#texts.values()]);
    try {
      this.#rev = await state.put(this.#tenant, ledgerKey(this.scope), text, this.#rev);
    } catch (error) {
      if (this.#isErased) return;
      this.#dirty = new Map([...sent, ...this.#dirty]);
      this.#sent = new Map();
      const code = OpenClawError.from(error).code;
      if (code === 'STATE_CONFLICT') return this.#read();
      if (code === 'STORE_FULL') return sleep(clock, RETRY_FULL_MS);
      throw error;
    }
    for (const [run, how] of sent) if (how === 'closed' && !this.#dirty.has(run)) this.#closing.delete(run);
    this.#sent = new Map();
    this.#written = version;
    const ready = this.#waiters.filter((waiter) => waiter.version <= version);
    this.#waiters = this.#waiters.filter((waiter) => waiter.version > version);
    for (const waiter of ready) waiter.resolve();
    if (text.length > LONG_CHARS) await sleep(clock, text.length / CHARS_PER_MS);
  }
}
