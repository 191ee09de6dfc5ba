import { hash } from 'node:crypto';
import type { Clock } from '@openclaw-runtime/kit';
import type { Approval, ApprovalGiven, ApproveData } from '@openclaw-runtime/protocol';
import type { ApprovalPast } from './past.ts';
import type { RunWriter } from './writer.ts';

export interface ApprovalsHouse {
  readonly run: string;
  readonly writer: RunWriter;
  readonly clock: Clock;
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

  /** What an earlier owner asked, and what it was answered. */
  restore(past: readonly ApprovalPast[]): void {
    for (const { id, hash, expiresAt, given } of past) this.#asked.set(id, { hash, expiresAt, ...(given && { given }) });
  }

  /** Asks, or goes on with what an earlier owner asked under this id; the answer is used up by this. Rejects with the signal's reason. */
  async ask(plea: Plea, signal: AbortSignal): Promise<ApprovalGiven> {
    const open = this.#asked.get(plea.id) ?? this.#begin(plea);
    const given = open.given ?? (await this.#wait(plea.id, open, signal));
    this.#asked.delete(plea.id);
    return given;
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
        const leftMs = open.expiresAt - clock.wall();
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
