import { hash } from 'node:crypto';
import type { Clock } from '@openclaw-runtime/kit';
import type { Approval, ApprovalGiven, ApproveData } from '@openclaw-runtime/protocol';
import type { ApprovalPast } from './past.ts';
import type { Rest } from './rest.ts';
import type { Waits } from './waits.ts';
import type { RunWriter } from './writer.ts';

export interface ApprovalsHouse {
  readonly run: string;
  readonly writer: RunWriter;
  readonly clock: Clock;
  readonly rest: Rest;
  readonly waits?: Waits;
}

/** What a person is to be asked. `text`: the tool's exact arguments, or the question. */
export interface Plea {
  readonly id: string;
  readonly about: Approval['about'];
  readonly name: string;
  readonly text: string;
  readonly timeoutMs: number;
  readonly step: number;
}

/** How long a person may take where nothing else is said. */
export const APPROVAL_MS: number = 15 * 60_000;
/** Timers take no more. */
const LONGEST_MS = 2 ** 31 - 1;

interface Open {
  readonly hash: string;
  readonly expiresAt: number;
  /** The same on the clock's `now`, from when it is waited for: a wall clock that is set back lengthens nothing. */
  untilMs?: number;
  given?: ApprovalGiven;
  settle?: (given: ApprovalGiven) => void;
}

/** What persons are asked in a run. Each approval is for one thing and is given once; an answer that names another hash is none. */
export class Approvals {
  readonly #house: ApprovalsHouse;
  readonly #asked = new Map<string, Open>();

  constructor(house: ApprovalsHouse) {
    this.#house = house;
  }

  /** What an earlier owner asked, and what it was answered. `firstMs`: when the first of those that are open expires, on the clock's `now`, where that is known. */
  restore(past: readonly ApprovalPast[], firstMs: number | undefined): void {
    const firstAt = past.reduce((first, { expiresAt, given }) => (given ? first : Math.min(first, expiresAt)), Number.POSITIVE_INFINITY);
    for (const { id, hash, expiresAt, given } of past) {
      const untilMs = firstMs === undefined || given ? {} : { untilMs: firstMs + expiresAt - firstAt };
      this.#asked.set(id, { hash, expiresAt, ...untilMs, ...(given && { given }) });
    }
  }

  /** Asks, or goes on with what an earlier owner asked under this id; the answer is used up by this. Rejects with the signal's reason. */
  async ask(plea: Plea, signal: AbortSignal): Promise<ApprovalGiven> {
    const { clock } = this.#house;
    const open = this.#asked.get(plea.id) ?? this.#begin(plea);
    open.untilMs ??= clock.now() + Math.min(open.expiresAt - clock.wall(), plea.timeoutMs);
    const given = open.given ?? (await this.#untilGiven(plea, open, signal));
    this.#asked.delete(plea.id);
    return given;
  }

  async #untilGiven({ id, about, name }: Plea, open: Open, signal: AbortSignal): Promise<ApprovalGiven> {
    const { rest, waits } = this.#house;
    const wait = waits?.begin('person', name, about === 'tool' ? 'whether this tool may be called' : 'an answer', open.untilMs);
    try {
      return await rest.asking(() => this.#wait(id, open, signal));
    } finally {
      if (wait) waits?.end(wait);
    }
  }

  /** Milliseconds until the first of those that are waited for expires. */
  get leftMs(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const open of this.#asked.values()) if (open.settle) first = Math.min(first, this.#leftMs(open));
    return first;
  }

  /** A person's answer. What is not open, or was asked with another hash, stays as it is. */
  take(command: string, { approval: id, hash, answer, text }: ApproveData): void {
    const open = this.#asked.get(id);
    if (!open || open.given || open.hash !== hash || this.#house.clock.wall() >= open.expiresAt) return;
    this.#give(open, { id, answer, command, ...(text !== undefined && { text }) });
  }

  #begin({ id, about, name, text, timeoutMs, step }: Plea): Open {
    const { run, writer, clock } = this.#house;
    const open: Open = { hash: hashOf(run, id, name, text), expiresAt: clock.wall() + timeoutMs };
    const attempt = step === 0 ? 0 : writer.attempt;
    writer.record('approval.asked', step, attempt, { id, about, name, text, hash: open.hash, expiresAt: open.expiresAt }, 'disk');
    this.#asked.set(id, open);
    return open;
  }

  #give(open: Open, given: ApprovalGiven): void {
    this.#house.writer.record('approval.given', 0, 0, given, 'disk');
    open.given = given;
    open.settle?.(given);
  }

  #wait(id: string, open: Open, signal: AbortSignal): Promise<ApprovalGiven> {
    const { clock } = this.#house;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      let cancel: () => void = () => undefined;
      const stop = (): void => {
        cancel();
        delete open.settle;
        reject(signal.reason);
      };
      const expire = (): void => {
        const leftMs = this.#leftMs(open);
        if (leftMs > 0) cancel = clock.after(Math.min(leftMs, LONGEST_MS), expire);
        else this.#expire(id, open, reject);
      };
      open.settle = (given) => {
        cancel();
        signal.removeEventListener('abort', stop);
        resolve(given);
      };
      signal.addEventListener('abort', stop, { once: true });
      expire();
    });
  }

  #leftMs({ expiresAt, untilMs = Number.POSITIVE_INFINITY }: Open): number {
    const { clock } = this.#house;
    return Math.min(expiresAt - clock.wall(), untilMs - clock.now());
  }

  #expire(id: string, open: Open, reject: (error: unknown) => void): void {
    try {
      this.#give(open, { id, answer: 'expired' });
    } catch (error) {
      // The lease is gone.
      reject(error);
    }
  }
}

/** Names exactly what is asked, in this run. */
function hashOf(run: string, id: string, name: string, text: string): string {
  return hash('sha256', JSON.stringify([run, id, name, text]), 'hex');
}
