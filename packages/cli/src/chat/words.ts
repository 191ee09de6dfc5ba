import type { SendMode } from '@openclaw-runtime/protocol';
import type { Answer } from '../commands/question.ts';
import { nearest } from '../config/nearest.ts';

/** What a line that was sent means. */
export type Word =
  | { readonly kind: 'say'; readonly text: string; readonly mode: SendMode | undefined }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'new' | 'model'; readonly name: string | undefined }
  | { readonly kind: 'help' | 'quit' | 'nothing' }
  | { readonly kind: 'unknown'; readonly says: string };

const WORDS = ['new', 'model', 'queue', 'steer', 'interrupt', 'allow', 'deny', 'help', 'quit'];

/** A slash begins a word of the chat; two slashes begin a text with one. */
export function parseWord(line: string): Word {
  const text = line.trim();
  if (text === '') return { kind: 'nothing' };
  if (!text.startsWith('/') || text.startsWith('//')) return { kind: 'say', text: text.replace(/^\/\//, '/'), mode: undefined };
  const [, word = '', rest = ''] = /^\/(\S*)\s*([^]*)$/.exec(text) ?? [];
  switch (word) {
    case 'new':
    case 'model':
      return { kind: word, name: rest === '' ? undefined : rest };
    case 'queue':
    case 'steer':
    case 'interrupt':
      return rest === '' ? { kind: 'unknown', says: `/${word} needs a text.` } : { kind: 'say', text: rest, mode: word };
    case 'allow':
    case 'deny':
      return { kind: 'answer', answer: { answer: word, ...(rest === '' ? {} : { text: rest }) } };
    case 'help':
    case 'quit':
      return { kind: word };
    case 'exit':
      return { kind: 'quit' };
    default: {
      const near = nearest(word, WORDS);
      return { kind: 'unknown', says: `there is no /${word}. ${near ? `Did you mean /${near}?` : 'See /help.'}` };
    }
  }
}

export const CHAT_HELP = `Enter          send                        Alt-Enter, Ctrl-J   a new line (also: \\ at a line's end)
Esc, Ctrl-C    stop the answer; with a text typed: answer that now
Ctrl-D, /quit  leave; what runs goes on    Up, Down            what was sent before
While an answer comes, what is sent reaches it at its next step.
/queue TEXT      reach it after its end     /interrupt TEXT  stop it and answer this
When the agent asks for a tool: y or n, also /allow, /deny [WHY]; when it asks a question: the answer, or /deny.
/new [SESSION]   another conversation       /model [NAME]    which model answers from now on
`;
