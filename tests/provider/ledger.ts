/** What one request was to get and what it got. */
export interface LedgerEntry {
  /** From 1, in the order of arrival. */
  readonly n: number;
  readonly model: string;
  readonly nonce?: string;
  /** A kept response, and whether this request reads it again. */
  readonly response?: string;
  readonly again?: true;
  /** The last user message. */
  readonly prompt: string;
  /** A final assistant message, whether or not the text went on from it. */
  readonly prefix: string;
  readonly continued: boolean;
  /** The text an undisturbed request gets, from the prefix on where it is continued. */
  readonly full: string;
  /** The text that was written so far; a socket may have lost some of it. */
  sent: string;
  status: 'open' | 'finished' | 'aborted' | 'fault';
}

/** Entries kept; older ones go. */
const KEPT = 20_000;

export interface Ledger {
  open(entry: Omit<LedgerEntry, 'n' | 'sent' | 'status'>): LedgerEntry;
  entries(): readonly LedgerEntry[];
  reset(): void;
}

export function createLedger(): Ledger {
  let count = 0;
  let entries: LedgerEntry[] = [];
  return {
    open(entry) {
      const opened: LedgerEntry = { ...entry, n: ++count, sent: '', status: 'open' };
      entries.push(opened);
      if (entries.length > KEPT) entries = entries.slice(-KEPT / 2);
      return opened;
    },
    entries: () => entries,
    reset() {
      count = 0;
      entries = [];
    },
  };
}
