import type { Ask } from '@openclaw-runtime/agent';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { nameOfWork, type Work } from './work.ts';

/** What one call asked and was not answered yet. */
export interface Asks {
  /** Whether it waits for a person or for another run. */
  readonly resting: boolean;
  /** Throws when the call has more open than it may. */
  take(request: Ask, answer: (answered: Answered) => void): void;
}

export interface Answered {
  readonly value?: string;
  readonly error?: OpenClawError;
}

const MAX_OPEN = 1_024;
const MAX_OPEN_MIB = 64;

export function createAsks(work: Work): Asks {
  let open = 0;
  let chars = 0;
  let resting = 0;
  return {
    get resting() {
      return resting > 0;
    },
    take(request, answer) {
      const size = charsOf(request);
      // What is none of the known things has no size.
      if (open >= MAX_OPEN || !(chars + size <= MAX_OPEN_MIB << 20)) throw tooMuch(work);
      const rests = request.do === 'person' || request.do === 'run' ? 1 : 0;
      open++;
      chars += size;
      resting += rests;
      const close = (answered: Answered): void => {
        open--;
        chars -= size;
        resting -= rests;
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
