import { OpenClawError } from '@openclaw-runtime/protocol';

/** How an agent's last calls went. */
export interface Health {
  /** `atMs`: of a clock that never goes back. */
  note(atMs: number, bad: boolean): void;
  /** At least four calls in the last five minutes, and half of them went wrong. */
  isUnstable(atMs: number): boolean;
}

const WINDOW_MS = 5 * 60_000;
const LEAST = 4;
const SHARE = 0.5;
/** Enough to judge by. */
const KEPT = 100;

/** What its caller did wrong, or wanted, says nothing of an agent. */
const NOT_ITS_OWN = [
  'BAD_REQUEST',
  'BAD_CONFIG',
  'NOT_FOUND',
  'TOO_LARGE',
  'CANCELLED',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'DATA_LOCKED',
  'BUDGET_EXHAUSTED',
];

export function createHealth(): Health {
  let notes: { readonly atMs: number; readonly bad: boolean }[] = [];
  return {
    note(atMs, bad) {
      notes = [...notes, { atMs, bad }].slice(-KEPT);
    },
    isUnstable(atMs) {
      const recent = notes.filter((note) => atMs - note.atMs <= WINDOW_MS);
      return recent.length >= LEAST && recent.filter(({ bad }) => bad).length >= recent.length * SHARE;
    },
  };
}

/** Whether this error is to be counted at all, and then against the agent. */
export function isItsOwn(error: unknown): boolean {
  return !(error instanceof OpenClawError && NOT_ITS_OWN.includes(error.code));
}
