import type { Ask } from '@openclaw-runtime/agent';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { nameOfWork, type Work } from './work.ts';

/** What one call asked and was not answered yet. */
export interface Asks {
  /** Whether it waits for somebody who takes his time. */
  readonly waiting: boolean;
  /** The call is over: it counts no more. */
  drop(): void;
  /** Throws when the call has more open than it may. */
  take(request: Ask, answer: (answered: Answered) => void): void;
}

/** How many of the calls of one thread wait, and how many of these for a person or for another run: not for a model, which comes back by itself. */
export interface WaitCounts {
  waiting: number;
  resting: number;
}

export interface Answered {
  readonly value?: string;
  readonly error?: OpenClawError;
}

const MAX_OPEN = 1_024;
const MAX_OPEN_MIB = 64;

export function createAsks(work: Work, counts: WaitCounts): Asks {
  let open = 0;
  let chars = 0;
  let dropped = false;
  const own: WaitCounts = { waiting: 0, resting: 0 };
  const count = (what: keyof WaitCounts, by: 1 | -1): void => {
    const before = own[what];
    own[what] += by;
    if (!dropped && (before === 0 || own[what] === 0)) counts[what] += by;
  };
  return {
    get waiting() {
      return own.waiting > 0;
    },
    drop() {
      if (own.waiting > 0) counts.waiting--;
      if (own.resting > 0) counts.resting--;
      dropped = true;
    },
    take(request, answer) {
      const size = charsOf(request);
      // What is none of the known things has no size.
      if (open >= MAX_OPEN || !(chars + size <= MAX_OPEN_MIB << 20)) throw tooMuch(work);
      const rests = request.do === 'person' || request.do === 'run';
      const waits = rests || request.do === 'stream' || request.do === 'generate';
      open++;
      chars += size;
      if (waits) count('waiting', 1);
      if (rests) count('resting', 1);
      const close = (answered: Answered): void => {
        open--;
        chars -= size;
        if (waits) count('waiting', -1);
        if (rests) count('resting', -1);
        answer(answered);
      };
      const ask = async (): Promise<string | undefined> => work.call.ask(request);
      ask().then(
        (value) => close(value === undefined ? {} : { value }),
        (error: unknown) => close({ error: OpenClawError.from(error, 'AGENT_FAILED') }),
      );
    },
  };
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
    case 'secret':
      return 0;
  }
}
