import type { Key } from './keys.ts';

/** What is being typed. Immutable: each key gives the next one. */
export interface Draft {
  readonly text: string;
  /** In UTF-16 units, between two characters as people see them. */
  readonly cursor: number;
  /** What was sent before, oldest first, and which of it is shown; `history.length` is the draft itself. */
  readonly history: readonly string[];
  readonly at: number;
  readonly kept: string;
}

export const EMPTY_DRAFT: Draft = { text: '', cursor: 0, history: [], at: 0, kept: '' };

/** The draft after a key that edits; keys that mean something else leave it as it is. */
export function edit(draft: Draft, key: Key): Draft {
  const { text, cursor } = draft;
  switch (key.kind) {
    case 'text':
    case 'paste':
      return insert(draft, key.text);
    case 'newline':
      return insert(draft, '\n');
    case 'backspace':
      return cut(draft, before(text, cursor), cursor);
    case 'delete':
      return cut(draft, cursor, after(text, cursor));
    case 'delete-word':
      return cut(draft, wordBefore(text, cursor), cursor);
    case 'delete-before':
      return cut(draft, lineStart(text, cursor), cursor);
    case 'delete-after':
      return cut(draft, cursor, lineEnd(text, cursor));
    case 'left':
      return { ...draft, cursor: before(text, cursor) };
    case 'right':
      return { ...draft, cursor: after(text, cursor) };
    case 'word-left':
      return { ...draft, cursor: wordBefore(text, cursor) };
    case 'word-right':
      return { ...draft, cursor: wordAfter(text, cursor) };
    case 'home':
      return { ...draft, cursor: lineStart(text, cursor) };
    case 'end':
      return { ...draft, cursor: lineEnd(text, cursor) };
    case 'up':
      return recall(draft, draft.at - 1);
    case 'down':
      return recall(draft, draft.at + 1);
    default:
      return draft;
  }
}

/** A new draft, with the old one's text in its history. */
export function sent({ text, history }: Draft): Draft {
  const next = text === '' || history.at(-1) === text ? history : [...history, text];
  return { ...EMPTY_DRAFT, history: next, at: next.length };
}

function insert(draft: Draft, added: string): Draft {
  const { text, cursor } = draft;
  return { ...draft, text: text.slice(0, cursor) + added + text.slice(cursor), cursor: cursor + added.length };
}

function cut(draft: Draft, from: number, to: number): Draft {
  return { ...draft, text: draft.text.slice(0, from) + draft.text.slice(to), cursor: from };
}

function recall(draft: Draft, at: number): Draft {
  const { history, text, kept } = draft;
  if (at < 0 || at > history.length) return draft;
  const mine = draft.at === history.length ? text : kept;
  const shown = at === history.length ? mine : (history[at] ?? '');
  return { ...draft, at, kept: mine, text: shown, cursor: shown.length };
}

/** Where the character before the cursor begins. */
function before(text: string, cursor: number): number {
  let start = 0;
  for (const { index } of characters(text.slice(0, cursor))) start = index;
  return start;
}

function after(text: string, cursor: number): number {
  for (const { segment } of characters(text.slice(cursor))) return cursor + segment.length;
  return cursor;
}

function wordBefore(text: string, cursor: number): number {
  return /\S+\s*$/.exec(text.slice(0, cursor))?.index ?? 0;
}

function wordAfter(text: string, cursor: number): number {
  return cursor + (/^\s*\S+/.exec(text.slice(cursor))?.[0].length ?? 0);
}

function lineStart(text: string, cursor: number): number {
  return text.lastIndexOf('\n', cursor - 1) + 1;
}

function lineEnd(text: string, cursor: number): number {
  const end = text.indexOf('\n', cursor);
  return end < 0 ? text.length : end;
}

function characters(text: string): Intl.Segments {
  return new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text);
}
