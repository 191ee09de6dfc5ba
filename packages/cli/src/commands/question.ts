import type { Approval } from '@openclaw-runtime/protocol';
import { plainLine, quoted } from './plain.ts';

/** What a run asks a person, whole and exact: who reads it knows what is decided. */
export function questionLines({ about, name, text }: Pick<Approval, 'about' | 'name' | 'text'>, width: number): string[] {
  const asks =
    about === 'tool' ? `claw: may the agent call ${plainLine(name)} with exactly this?` : `claw: the agent asks (${plainLine(name)}):`;
  return [asks, ...quoted(text, '  │ ', width - 1)];
}

/** What is typed to a question that waits; `undefined` for what is no answer to it. */
export function parseAnswer(line: string, about: Approval['about']): Answer | undefined {
  const text = line.trim();
  if (about === 'question') return text === '' ? undefined : { answer: 'allow', text };
  if (/^(y|yes)$/i.test(text)) return { answer: 'allow' };
  return /^(n|no)$/i.test(text) ? { answer: 'deny' } : undefined;
}

export interface Answer {
  readonly answer: 'allow' | 'deny';
  readonly text?: string;
}
