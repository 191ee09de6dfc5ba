import { type Amounts, minus, NOTHING, plus } from './amounts.ts';

/** What one run takes of a budget: all that it spent so far, and what is set aside for its model calls that are under way. */
export interface RunEntry {
  readonly spent: Amounts;
  readonly open: ReadonlyMap<string, Amounts>;
}

/**
 * What is taken of one budget. Entries are set, not counted up: whoever owns a run can say again what it took, and nothing counts twice. When a run has
 * ended its entry goes into `closed`.
 */
export interface Ledger {
  closed: Amounts;
  readonly runs: Map<string, RunEntry>;
}

export interface Totals {
  readonly spent: Amounts;
  readonly reserved: Amounts;
}

type Triple = readonly [microUsd: number, tokens: number, ms: number];
type Entry = readonly [...Triple, open?: Readonly<Record<string, Triple>>];

export function emptyLedger(): Ledger {
  return { closed: NOTHING, runs: new Map() };
}

export function totalsOf({ closed, runs }: Ledger): Totals {
  let spent = closed;
  let reserved = NOTHING;
  for (const entry of runs.values()) {
    spent = plus(spent, entry.spent);
    reserved = plus(reserved, openOf(entry));
  }
  return { spent, reserved };
}

export function openOf({ open }: RunEntry): Amounts {
  let sum = NOTHING;
  for (const amounts of open.values()) sum = plus(sum, amounts);
  return sum;
}

/** A run's entry as it stands in the ledger's text. */
export function encodeEntry(run: string, { spent, open }: RunEntry): string {
  const calls =
    open.size === 0 ? '' : `,${JSON.stringify(Object.fromEntries([...open].map(([call, amounts]) => [call, tripleOf(amounts)])))}`;
  return `${JSON.stringify(run)}:[${tripleOf(spent).join(',')}${calls}]`;
}

/** `entries`: of each run, as {@link encodeEntry} gives it. */
export function encodeLedger(closed: Amounts, entries: readonly string[]): string {
  return `{"v":1,"closed":[${tripleOf(closed).join(',')}],"runs":{${entries.join(',')}}}`;
}

export function parseLedger(text: string): Ledger {
  const { closed, runs } = JSON.parse(text) as { readonly closed: Triple; readonly runs: Readonly<Record<string, Entry>> };
  return { closed: amountsOf(closed), runs: new Map(Object.entries(runs).map(([run, entry]) => [run, entryOf(entry)])) };
}

/** The run has ended, having spent what its entry says. What was still set aside for it may have been spent: it counts. */
export function closeEntry(ledger: Ledger, run: string): void {
  const entry = ledger.runs.get(run);
  if (!entry) return;
  ledger.closed = plus(ledger.closed, plus(entry.spent, openOf(entry)));
  ledger.runs.delete(run);
}

/** What may still be taken, for each unit that has a limit; less than 0 where more was taken. */
export function leftOf(limits: Partial<Amounts>, added: Amounts, { spent, reserved }: Totals): Partial<Amounts> {
  const taken = minus(plus(spent, reserved), added);
  return {
    ...(limits.microUsd !== undefined && { microUsd: limits.microUsd - taken.microUsd }),
    ...(limits.tokens !== undefined && { tokens: limits.tokens - taken.tokens }),
    ...(limits.ms !== undefined && { ms: limits.ms - taken.ms }),
  };
}

function tripleOf({ microUsd, tokens, ms }: Amounts): Triple {
  return [microUsd, tokens, ms];
}

function amountsOf([microUsd, tokens, ms]: Triple | Entry): Amounts {
  return { microUsd, tokens, ms };
}

function entryOf(entry: Entry): RunEntry {
  const [, , , open = {}] = entry;
  return { spent: amountsOf(entry), open: new Map(Object.entries(open).map(([call, triple]) => [call, amountsOf(triple)])) };
}
