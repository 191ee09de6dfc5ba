import type { Answered, Ask } from '@openclaw-runtime/agent';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { nameOfWork, type OpenAsks, type Work } from './work.ts';

/** How many of the calls of one thread wait, and how many of these for a person or for another run: not for a model, which comes back by itself. */
export interface WaitCounts {
  waiting: number;
  resting: number;
}

/** To what a call asked as its number `n`. */
export type Answer = (work: Work, n: number, answered: Answered, error?: OpenClawError) => void;

const MAX_OPEN = 1_024;
const MAX_OPEN_MIB = 64;

/** What one call asked and was not answered yet. A class, since there is one per call. */
export class Asks implements OpenAsks {
  readonly #work: Work;
  readonly #counts: WaitCounts;
  readonly #answer: Answer;
  readonly #own: WaitCounts = { waiting: 0, resting: 0 };
  #open = 0;
  #chars = 0;
  #dropped = false;

  constructor(work: Work, counts: WaitCounts, answer: Answer) {
    this.#work = work;
    this.#counts = counts;
    this.#answer = answer;
  }

  /** Whether it waits for somebody who takes his time. */
  get waiting(): boolean {
    return this.#own.waiting > 0;
  }

  /** The call is over: it counts no more. */
  drop(): void {
    if (this.#own.waiting > 0) this.#counts.waiting--;
    if (this.#own.resting > 0) this.#counts.resting--;
    this.#dropped = true;
  }

  /** Throws when the call has more open than it may. */
  take(n: number, request: Ask): void {
    const size = charsOf(request);
    // What is none of the known things has no size.
    if (this.#open >= MAX_OPEN || !(this.#chars + size <= MAX_OPEN_MIB << 20)) throw tooMuch(this.#work);
    this.#count(request, size, 1);
    const refuse = (thrown: unknown): void => {
      const error = OpenClawError.from(thrown, 'AGENT_FAILED');
      this.#work.call.refused?.(error);
      this.#count(request, size, -1);
      this.#answer(this.#work, n, undefined, error);
    };
    const answer = (answered: Answered): void => {
      this.#count(request, size, -1);
      this.#answer(this.#work, n, answered);
    };
    try {
      this.#work.call.ask(request).then(answer, refuse);
    } catch (error) {
      refuse(error);
    }
  }

  #count(request: Ask, size: number, by: 1 | -1): void {
    this.#open += by;
    this.#chars += by * size;
    const rests = request.do === 'person' || request.do === 'run';
    if (rests || request.do === 'stream' || request.do === 'generate') this.#wait('waiting', by);
    if (rests) this.#wait('resting', by);
  }

  #wait(what: keyof WaitCounts, by: 1 | -1): void {
    const before = this.#own[what];
    this.#own[what] += by;
    if (!this.#dropped && (before === 0 || this.#own[what] === 0)) this.#counts[what] += by;
  }
}

function tooMuch(work: Work): OpenClawError {
  return new OpenClawError(
    'AGENT_FAILED',
    `The ${nameOfWork(work)} asked for more than ${MAX_OPEN} things, or ${MAX_OPEN_MIB} MiB, at once. Await what it asks for.`,
  );
}

function charsOf(request: Ask): number {
  switch (request.do) {
    case 'done':
      return request.value?.length ?? 0;
    case 'emit':
      return request.data.length;
    case 'checkpoint':
      return request.state.length;
    case 'person':
      return request.text.length;
    case 'run':
      return request.child.input.length;
    case 'stream':
    case 'generate':
      return request.call.messages.reduce((sum, { content }) => sum + content.length, 0);
    case 'begun':
    case 'secret':
      return 0;
  }
}
