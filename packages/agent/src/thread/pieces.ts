// The pieces of an operation since its last checkpoint, told apart by what they are, their name, and how many of these there were before.
// 1. A piece that an earlier start finished is answered as it was then, and not done again.
// 2. They are answered in the order of the log, one in a turn: one waits until all before it were asked for, and until what those set going has come to rest.
//    A new piece comes after all of them. So what raced then races alike, and branches that share a name count alike.
// 3. When nothing goes on for a second and a new piece waits, the operation takes another way than before: NONDETERMINISTIC. Likewise at a checkpoint and at the end.
import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { DonePiece } from '../port.ts';

const STILL_MS = 1000;

export interface Pieces {
  /** The answer of an earlier start, or else of `work`, which is given `n`. Rejects with the piece's error. */
  piece(what: DonePiece['what'], name: string, work: (n: number) => Promise<Answer>): Promise<Answer>;
  /** While this goes on, the operation is not still. */
  during<T>(work: Promise<T>): Promise<T>;
  /** Pieces of an earlier start that were not asked for yet. */
  readonly replaying: boolean;
  /** A piece that is under way, in words. */
  underWay(): string | undefined;
  /** The state is being saved: what comes now counts from there, and waits for it. */
  cut(saving: Promise<unknown>): void;
  /** What is wrong when the operation ends, or its state is saved, here. */
  missed(here: string): OpenClawError | undefined;
  /** Nothing waits any more. */
  close(reason: unknown): void;
}

export type Answer = Pick<DonePiece, 'value' | 'error'>;

export interface PiecesPorts {
  readonly clock: Clock;
  defer(fn: () => void): void;
  lose(error: OpenClawError): void;
}

interface Known {
  readonly piece: DonePiece;
  /** In the log. */
  readonly place: number;
  asked: boolean;
}

interface Waiting {
  readonly label: string;
  go(): void;
  stop(reason: unknown): void;
}

/** `defer` calls back at the end of the turn; `lose` is told that the operation took another way. */
export function createPieces(done: readonly DonePiece[], { clock, defer, lose }: PiecesPorts): Pieces {
  const counts = new Map<string, number>();
  const known = new Map<string, Known>();
  const log: Known[] = [];
  const busy = new Set<string>();
  /** Known pieces that were asked for, by their place in the log; and new ones. */
  const held = new Map<number, Waiting>();
  const fresh: Waiting[] = [];
  /** All places before it were asked for. */
  let front = 0;
  /** All places before it were answered. */
  let next = 0;
  let active = 0;
  let due = false;
  let still: (() => void) | undefined;
  let saving: Promise<unknown> | undefined;

  for (const piece of done) {
    const one = { piece, place: log.length, asked: false };
    known.set(keyOf(piece.what, piece.name, piece.n), one);
    log.push(one);
  }

  const stir = (): void => {
    still?.();
    still = active === 0 && held.size + fresh.length > 0 ? clock.after(STILL_MS, onStill) : undefined;
  };
  const answer = (place: number): void => {
    held.get(place)?.go();
    held.delete(place);
  };
  /** Known pieces may have been logged in another order than they are asked for; a new one cannot go before them. */
  const onStill = (): void => {
    still = undefined;
    const first = held.keys().next().value;
    if (first !== undefined) answer(first);
    else lose(otherWay(fresh[0]?.label ?? 'something else', missing()));
    stir();
  };
  const missing = (): string => {
    const piece = log[front]?.piece;
    return piece === undefined ? 'nothing' : labelOf(piece.what, piece.name, piece.n);
  };
  const answerNext = (): void => {
    due = false;
    while (next < front && !held.has(next)) next++;
    if (next < front) {
      answer(next);
      comeBack();
    } else if (front === log.length) {
      for (const one of fresh.splice(0)) one.go();
    }
    stir();
  };
  const comeBack = (): void => {
    if (!due) defer(answerNext);
    due = true;
  };
  const turn = (label: string, place: number | undefined): Promise<void> => {
    while (log[front]?.asked) front++;
    if (place === undefined && front === log.length && held.size + fresh.length === 0) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { label, go: resolve, stop: reject };
    if (place === undefined) fresh.push(waiting);
    else held.set(place, waiting);
    comeBack();
    return promise;
  };
  const during = async <T>(work: Promise<T>): Promise<T> => {
    active++;
    stir();
    try {
      return await work;
    } finally {
      active--;
      stir();
    }
  };

  return {
    during,
    async piece(what, name, work) {
      const counter = `${what}\n${name}`;
      const n = counts.get(counter) ?? 0;
      counts.set(counter, n + 1);
      const label = labelOf(what, name, n);
      const before = known.get(keyOf(what, name, n));
      if (before !== undefined) before.asked = true;
      busy.add(label);
      try {
        await turn(label, before?.place);
        if (before !== undefined) return before.piece;
        if (saving !== undefined) await saving;
        return await during(work(n));
      } finally {
        busy.delete(label);
      }
    },
    get replaying() {
      return front < log.length;
    },
    underWay: () => busy.values().next().value,
    cut(save) {
      counts.clear();
      known.clear();
      log.length = 0;
      front = 0;
      next = 0;
      const settled = (): void => {
        if (saving === save) saving = undefined;
      };
      saving = save;
      save.then(settled, settled);
    },
    missed: (here) => (front < log.length ? otherWay(here, missing()) : undefined),
    close(reason) {
      still?.();
      still = undefined;
      for (const one of [...held.values(), ...fresh.splice(0)]) one.stop(reason);
      held.clear();
    },
  };
}

function otherWay(now: string, before: string): OpenClawError {
  return new OpenClawError(
    'NONDETERMINISTIC',
    `The operation came to ${now} where it had done ${before} before its restart. What it does between two checkpoints must follow from its state and arguments alone; ` +
      'put the time, chance and the outside into steps, and raise the version when its code changes.',
  );
}

function keyOf(what: string, name: string, n: number): string {
  return what === 'stream' ? `${what}\n${n}` : `${what}\n${name}\n${n}`;
}

function labelOf(what: string, name: string, n: number): string {
  return `${what === 'stream' ? what : `${what} ${JSON.stringify(name)}`} (number ${n + 1})`;
}
