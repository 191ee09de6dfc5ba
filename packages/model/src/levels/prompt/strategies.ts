import type { Message } from '@openclaw-runtime/protocol';
import { withSystem } from './instructed.ts';
import { voteOf } from './vote.ts';

/** One call of a strategy. */
export interface Call {
  /** What it is for, as it is shown among the thoughts. */
  readonly name: string;
  readonly messages: readonly Message[];
  /** What its answer is: the answer, or something on the way to it. */
  readonly flow: 'thinking' | 'text';
}

/** What is to be done next: calls, side by side where there are several; or the answer is said, which is that of one of the calls before. */
export type Move = { readonly do: 'ask'; readonly calls: readonly Call[] } | { readonly do: 'say'; readonly call: number };

/** Is given the answers to the calls of each move, without their thoughts; `undefined` for a call that failed while others did not. */
export type Strategy = Generator<Move, void, readonly (string | undefined)[]>;

const PARTS =
  'You work in three parts, one at a time: a plan, the solution, a check. First write the plan alone: what is asked, what is known, the steps that lead there, ' +
  'and what could go wrong. Do not solve it yet.';
const SOLVE = 'Now the solution, step by step, as you planned it. Leave the plan where it turns out wrong.';
const CHECK =
  'Now the check. Between <thinking> and </thinking>, go through each step of the solution once more, hold the result against the question, and mend what is ' +
  'wrong. Then write the answer, and nothing else: whoever asked sees neither plan nor solution nor check.';

/** Level 3. */
export function* planSolveCheck(messages: readonly Message[]): Strategy {
  const asked = withSystem(messages, PARTS);
  const [plan = ''] = yield one('Plan', asked, 'thinking');
  const planned: readonly Message[] = [...asked, { role: 'assistant', content: plan }, { role: 'user', content: SOLVE }];
  const [solution = ''] = yield one('Solution', planned, 'thinking');
  yield one('Check', [...planned, { role: 'assistant', content: solution }, { role: 'user', content: CHECK }], 'text');
}

const THINK =
  'Think first, between <thinking> and </thinking>, then write the answer, and nothing else. Let its last line say what it comes to.';
const WAYS = [
  'Work forward, from what is given.',
  'Work backward, from what is asked, and check each step with an example.',
  'Ask yourself first why the answer that comes to mind might be wrong.',
];
const COMPARE =
  'These are several answers to the same question. Hold each against the question, and against the others: where they differ, find out who is right. ' +
  'Name the mistakes of each in a line. End with a line that says which one is to be given: Best: NUMBER';

/** Level 4: answers found in different ways, compared by a critic; their agreement and the critic decide. */
export function* candidatesCritiqueVote(messages: readonly Message[]): Strategy {
  const calls = WAYS.map(
    (way, i): Call => ({ name: `Candidate ${i + 1}`, messages: withSystem(messages, `${THINK} ${way}`), flow: 'thinking' }),
  );
  const candidates = yield { do: 'ask', calls };
  // One with nothing but thoughts is no answer, and two of them are no agreement.
  const there = candidates.flatMap((text, i) => (text === undefined || text.trim() === '' ? [] : [{ text, i }]));
  if (there.length < 2) {
    yield { do: 'say', call: there[0]?.i ?? candidates.findIndex((text) => text !== undefined) };
    return;
  }
  const shown = there.map(({ text }, n) => `Answer ${n + 1}:\n\n${text}`).join('\n\n');
  const compared: readonly Message[] = [...messages, { role: 'assistant', content: shown }, { role: 'user', content: COMPARE }];
  const [critique] = yield one('Critique', compared, 'thinking');
  yield {
    do: 'say',
    call:
      there[
        voteOf(
          there.map(({ text }) => text),
          critique,
        )
      ]?.i ?? 0,
  };
}

function one(name: string, messages: readonly Message[], flow: Call['flow']): Move {
  return { do: 'ask', calls: [{ name, messages, flow }] };
}
