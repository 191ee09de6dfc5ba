// The pieces of an operation since its last checkpoint, told apart by what they are, their name, and how many of these there were before.
// 1. A piece that an earlier start finished is answered as it was then, and not done again.
// 2. They are answered in the order of the log, one in a turn: one waits until all before it were asked for, and until what those set going has come to rest.
//    A new piece comes after all of them. So what raced then races alike, and branches that share a name count alike.
// 3. When nothing goes on for a second and a new piece waits, the operation takes another way than before: NONDETERMINISTIC. Likewise at a checkpoint and at the end.
import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { DonePiece } from '../port.ts';

const STILL_MS = 1000;

/** A piece that was asked for. */
interface Place {
  readonly what: DonePiece['what'];
  readonly name: string;
  readonly n: number;
}

interface Waiting {
  readonly place: Place;
  go(): void;
  stop(reason: unknown): void;
}

export type Answer = Pick<DonePiece, 'value' | 'plain' | 'error'>;

export interface PiecesPorts {
  readonly clock: Clock;
  /** Calls back at the end of the turn. */
  defer(fn: () => void): void;
  /** Is told that the operation took another way. */
  lose(error: OpenClawError): void;
}

interface Known {
  readonly piece: DonePiece;
  /** In the log. */
  readonly place: number;
  asked: boolean;
}

const NOTHING: readonly Known[] = [];

/** Most operations have no earlier start: what only these need is made when it is needed. */
export class Pieces {
  readonly #ports: PiecesPorts;
  #counts: Map<string, number> | undefined;
  #known: Map<string, Known> | undefined;
  #log: readonly Known[] = NOTHING;
  /** Those that are under way, in the order in which they were asked for. */
  readonly #busy: Place[] = [];
  /** Known pieces that were asked for, by their place in the log; and new ones. */
  #held: Map<number, Waiting> | undefined;
  #fresh: Waiting[] | undefined;
  /** All places before it were asked for. */
  #front = 0;
  /** All places before it were answered. */
  #next = 0;
  #active = 0;
  #due = false;
  #still: (() => void) | undefined;
  #saving: Promise<unknown> | undefined;

  constructor(done: readonly DonePiece[], ports: PiecesPorts) {
    this.#ports = ports;
    if (done.length === 0) return;
    this.#log = done.map((piece, place) => ({ piece, place, asked: false }));
    this.#known = new Map(this.#log.map((one) => [keyOf(one.piece), one]));
  }

  /** The answer of an earlier start, or else of `work`, which is given `n`. Rejects with the piece's error. */
  piece(what: DonePiece['what'], name: string, work: (n: number) => Promise<Answer>): Promise<Answer> {
    const place = { what, name, n: this.#count(`${what}\n${name}`) };
    this.#busy.push(place);
    if (!this.#isFree) return after(this.#inTurn(place, work), () => this.#drop(place));
    this.#active++;
    return after(work(place.n), () => {
      this.#drop(place);
      this.#active--;
      this.#stir();
    });
  }

  /** While this goes on, the operation is not still. */
  during<T>(work: Promise<T>): Promise<T> {
    this.#active++;
    this.#stir();
    return after(work, () => {
      this.#active--;
      this.#stir();
    });
  }

  /** Pieces of an earlier start that were not asked for yet. */
  get replaying(): boolean {
    return this.#front < this.#log.length;
  }

  /** A piece that is under way, in words. */
  underWay(): string | undefined {
    const [first] = this.#busy;
    return first && labelOf(first);
  }

  /** The state is being saved: what comes now counts from there, and waits for it. */
  cut(save: Promise<unknown>): void {
    this.#counts = undefined;
    this.#known = undefined;
    this.#log = NOTHING;
    this.#front = 0;
    this.#next = 0;
    const settled = (): void => {
      if (this.#saving === save) this.#saving = undefined;
    };
    this.#saving = save;
    save.then(settled, settled);
  }

  /** What is wrong when the operation ends, or its state is saved, here. */
  missed(here: string): OpenClawError | undefined {
    return this.replaying ? otherWay(here, this.#missing()) : undefined;
  }

  /** Nothing waits any more. */
  close(reasonOf: () => unknown): void {
    this.#still?.();
    this.#still = undefined;
    const all = [...(this.#held?.values() ?? []), ...(this.#fresh?.splice(0) ?? [])];
    for (const one of all) one.stop(reasonOf());
    this.#held?.clear();
  }

  /** Nothing of an earlier start is left, and nothing waits. */
  get #isFree(): boolean {
    return this.#log.length === 0 && this.#waiting === 0 && this.#saving === undefined;
  }

  get #waiting(): number {
    return (this.#held?.size ?? 0) + (this.#fresh?.length ?? 0);
  }

  #drop(place: Place): void {
    this.#busy.splice(this.#busy.indexOf(place), 1);
  }

  #count(counter: string): number {
    const counts = (this.#counts ??= new Map());
    const n = counts.get(counter) ?? 0;
    counts.set(counter, n + 1);
    return n;
  }

  async #inTurn(place: Place, work: (n: number) => Promise<Answer>): Promise<Answer> {
    const before = this.#known?.get(keyOf(place));
    if (before !== undefined) before.asked = true;
    await this.#turn(place, before?.place);
    if (before !== undefined) return before.piece;
    if (this.#saving !== undefined) await this.#saving;
    return await this.during(work(place.n));
  }

  #turn(place: Place, at: number | undefined): Promise<void> {
    while (this.#log[this.#front]?.asked) this.#front++;
    if (at === undefined && !this.replaying && this.#waiting === 0) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { place, go: resolve, stop: reject };
    if (at === undefined) (this.#fresh ??= []).push(waiting);
    else (this.#held ??= new Map()).set(at, waiting);
    this.#comeBack();
    return promise;
  }

  #comeBack(): void {
    if (!this.#due) this.#ports.defer(() => this.#answerNext());
    this.#due = true;
  }

  #answerNext(): void {
    this.#due = false;
    while (this.#next < this.#front && !this.#held?.has(this.#next)) this.#next++;
    if (this.#next < this.#front) {
      this.#answer(this.#next);
      this.#comeBack();
    } else if (!this.replaying) {
      for (const one of this.#fresh?.splice(0) ?? []) one.go();
    }
    this.#stir();
  }

  #answer(place: number): void {
    this.#held?.get(place)?.go();
    this.#held?.delete(place);
  }

  #stir(): void {
    this.#still?.();
    this.#still = this.#active === 0 && this.#waiting > 0 ? this.#ports.clock.after(STILL_MS, () => this.#onStill()) : undefined;
  }

  /** Known pieces may have been logged in another order than they are asked for; a new one cannot go before them. */
  #onStill(): void {
    this.#still = undefined;
    const first = this.#held?.keys().next().value;
    const fresh = this.#fresh?.[0];
    if (first !== undefined) this.#answer(first);
    else this.#ports.lose(otherWay(fresh === undefined ? 'something else' : labelOf(fresh.place), this.#missing()));
    this.#stir();
  }

  #missing(): string {
    const piece = this.#log[this.#front]?.piece;
    return piece === undefined ? 'nothing' : labelOf(piece);
  }
}

/** The same, when `fn` was called behind it. */
function after<T>(promise: Promise<T>, fn: () => void): Promise<T> {
  return promise.then(
    (value) => {
      fn();
      return value;
    },
    (error: unknown) => {
      fn();
      throw error;
    },
  );
}

function otherWay(now: string, before: string): OpenClawError {
  return new OpenClawError(
    'NONDETERMINISTIC',
    `The operation came to ${now} where it had done ${before} before its restart. What it does between two checkpoints must follow from its state and arguments alone; ` +
      'put the time, chance and the outside into steps, and raise the version when its code changes.',
  );
}

function keyOf({ what, name, n }: Place): string {
  return what === 'stream' ? `${what}\n${n}` : `${what}\n${name}\n${n}`;
}

function labelOf({ what, name, n }: Place): string {
  return `${what === 'stream' ? what : `${what} ${JSON.stringify(name)}`} (number ${n + 1})`;
}
