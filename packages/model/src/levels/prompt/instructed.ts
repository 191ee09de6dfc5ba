import type { Message } from '@openclaw-runtime/protocol';
import type { Level, Leveled, ModelRequest } from '../../contract/broker.ts';

const THEN = 'Then write the answer, and nothing else. It has to stand on its own: nobody reads your thoughts.';

/** What a model without a control of its own is told. At level 1 it is told nothing. */
const WORDS: Readonly<Record<2 | 3, string>> = {
  2: `Before you answer, think. Write your thoughts between <thinking> and </thinking>. ${THEN}`,
  3:
    'Before you answer, work in three parts between <thinking> and </thinking>: Plan, how you will go about it; Solution, by that plan; ' +
    `Check, whether the solution answers the question, each step looked at again. Mend what the check finds. ${THEN}`,
};

/** The messages with the words of a level, for one call. The level 4 is that of 3 here: several candidates are several calls. */
export function instructed(
  { messages, prefix }: Pick<ModelRequest, 'messages' | 'prefix'>,
  wanted: Level,
): { readonly messages: readonly Message[]; readonly leveled: Leveled } {
  if (wanted === 1 || prefix) return { messages, leveled: { wanted } };
  const told = wanted === 2 ? 2 : 3;
  const leveled: Leveled = { wanted, sent: JSON.stringify({ system: WORDS[told] }) };
  if (wanted !== 4) return { messages: withSystem(messages, WORDS[told]), leveled };
  return {
    messages: withSystem(messages, WORDS[told]),
    leveled: { ...leveled, warning: 'Beside tools, level 4 is told in words what level 3 is.' },
  };
}

/** Behind what the system says already, so that what is the same in each call comes first. */
export function withSystem(messages: readonly Message[], words: string): readonly Message[] {
  const at = messages.findLastIndex(({ role }) => role === 'system');
  const said = messages[at];
  if (said === undefined) return [{ role: 'system', content: words }, ...messages];
  return messages.with(at, { role: 'system', content: `${said.content}\n\n${words}` });
}
