import type { Message } from '@openclaw-runtime/protocol';
import { dialogueOf, type Given, isTold, NO_MESSAGES, nextToAnswer, type Said, toldTo, userMessage, waitingOf } from './messages.ts';

const NOTHING_SAID: readonly Said[] = [];

/** What is said in a run behind its input: the messages that it was given, and its steps up to the current one. A run that is given none holds nothing. */
export class Conversation {
  #given: Given[] | undefined;
  #said: Said[] | undefined;

  /** What an earlier owner left: its messages, and the steps before its last. */
  restore(given: readonly Given[], said: readonly Said[]): void {
    if (given.length > 0) this.#given = given.map((each) => ({ ...each }));
    if (said.length > 0) this.#said = [...said];
  }

  add(message: Given): void {
    (this.#given ??= []).push(message);
  }

  /** Whether this command's message waits for an answer. */
  isWaiting(command: string): boolean {
    return this.#given?.some((each) => each.command === command && each.step === undefined) ?? false;
  }

  /** Whether a message waits that would not have the current step go on. */
  get isInterrupted(): boolean {
    return this.#given?.some(({ mode, step }) => mode === 'interrupt' && step === undefined) ?? false;
  }

  /**
   * Whether a further step is due: its tools' results are there, or a message waits that it can answer. Behind a call to a tool of the caller's the result must come
   * first, in another run.
   */
  isAsked(said: Said): boolean {
    if (said.toolCalls.length > 0) return isTold(said);
    return this.#given !== undefined && waitingOf(this.#given).length > 0;
  }

  /** Steps whose tools the run called itself. */
  get rounds(): number {
    return this.#said?.filter(isTold).length ?? 0;
  }

  /** A further step follows this one. */
  push(said: Said): void {
    (this.#said ??= []).push(said);
  }

  /** The messages that a new step answers; from now on they wait no more. */
  answer(step: number): readonly Given[] {
    const last = this.#said?.at(-1);
    const answered = nextToAnswer(this.#given ?? NO_MESSAGES, last !== undefined && !isTold(last));
    for (const each of answered) each.step = step;
    return answered;
  }

  /** What a step is told behind the run's input. */
  before(step: number): readonly Message[] {
    const given = this.#given ?? NO_MESSAGES;
    return [...dialogueOf(this.#said ?? NOTHING_SAID, given), ...toldTo(step, given)];
  }

  /** All that was said, with the last step's answer. */
  with(last: Said): readonly Message[] {
    return dialogueOf([...(this.#said ?? NOTHING_SAID), last], this.#given ?? NO_MESSAGES);
  }

  /** The messages that nothing answered. */
  get unanswered(): readonly Message[] {
    return waitingOf(this.#given ?? NO_MESSAGES).map(userMessage);
  }
}
