/** What somebody did at the keyboard. */
export type Key = { readonly kind: 'text' | 'paste'; readonly text: string } | { readonly kind: KeyName };

export type KeyName =
  | 'enter'
  | 'newline'
  | 'backspace'
  | 'delete'
  | 'delete-word'
  | 'delete-before'
  | 'delete-after'
  | 'left'
  | 'right'
  | 'word-left'
  | 'word-right'
  | 'up'
  | 'down'
  | 'home'
  | 'end'
  | 'escape'
  | 'interrupt'
  | 'end-of-input';

/** Ask a terminal to mark what is pasted, and to stop that. */
export const PASTE_MARKS = { on: '\u001b[?2004h', off: '\u001b[?2004l' } as const;

const ESC = '\u001b';
const PASTE_START = `${ESC}[200~`;
const PASTE_END = `${ESC}[201~`;

const KEYS: Readonly<Record<string, KeyName>> = {
  '\r': 'enter',
  '\n': 'newline',
  '\u0001': 'home',
  '\u0003': 'interrupt',
  '\u0004': 'end-of-input',
  '\u0005': 'end',
  '\u0008': 'backspace',
  '\u000b': 'delete-after',
  '\u0015': 'delete-before',
  '\u0017': 'delete-word',
  '\u007f': 'backspace',
  [`${ESC}\r`]: 'newline',
  [`${ESC}\n`]: 'newline',
  [`${ESC}[13;2u`]: 'newline',
  [`${ESC}[27;2;13~`]: 'newline',
  [`${ESC}\u007f`]: 'delete-word',
  [`${ESC}b`]: 'word-left',
  [`${ESC}f`]: 'word-right',
  [`${ESC}[1;5D`]: 'word-left',
  [`${ESC}[1;5C`]: 'word-right',
  [`${ESC}[1;3D`]: 'word-left',
  [`${ESC}[1;3C`]: 'word-right',
  [`${ESC}[A`]: 'up',
  [`${ESC}[B`]: 'down',
  [`${ESC}[C`]: 'right',
  [`${ESC}[D`]: 'left',
  [`${ESC}OA`]: 'up',
  [`${ESC}OB`]: 'down',
  [`${ESC}OC`]: 'right',
  [`${ESC}OD`]: 'left',
  [`${ESC}[H`]: 'home',
  [`${ESC}[F`]: 'end',
  [`${ESC}OH`]: 'home',
  [`${ESC}OF`]: 'end',
  [`${ESC}[1~`]: 'home',
  [`${ESC}[4~`]: 'end',
  [`${ESC}[3~`]: 'delete',
};

/** Turns what a terminal sends into keys. An escape alone in its piece is the Escape key; sequences come whole. A paste may span pieces. */
export function createKeyDecoder(): (data: string) => Key[] {
  let pasted: string | undefined;

  return (data) => {
    const keys: Key[] = [];
    let rest = data;
    while (rest !== '') {
      if (pasted !== undefined) {
        const whole = pasted + rest;
        const end = whole.indexOf(PASTE_END);
        if (end < 0) {
          pasted = whole;
          break;
        }
        keys.push({ kind: 'paste', text: whole.slice(0, end).replace(/\r\n?/g, '\n') });
        pasted = undefined;
        rest = whole.slice(end + PASTE_END.length);
      } else if (rest.startsWith(PASTE_START)) {
        pasted = '';
        rest = rest.slice(PASTE_START.length);
      } else {
        const [key, length] = firstKey(rest);
        if (key) keys.push(key);
        rest = rest.slice(length);
      }
    }
    return keys;
  };
}

function firstKey(data: string): readonly [key: Key | undefined, length: number] {
  if (data === ESC) return [{ kind: 'escape' }, 1];
  if (data.startsWith(ESC)) {
    const sequence = sequenceAt(data);
    const kind = KEYS[sequence];
    return [kind && { kind }, sequence.length];
  }
  const kind = KEYS[data.charAt(0)];
  if (kind) return [{ kind }, 1];
  const text = textAt(data);
  return text === '' ? [undefined, 1] : [{ kind: 'text', text }, text.length];
}

/** `ESC [ … letter`, `ESC O letter` or `ESC character`. */
function sequenceAt(data: string): string {
  const opener = data.charAt(1);
  if (opener === 'O') return data.slice(0, 3);
  if (opener !== '[') return data.slice(0, 2);
  let end = 2;
  while (end < data.length && !isFinal(data.charCodeAt(end))) end++;
  return data.slice(0, end + 1);
}

function isFinal(unit: number): boolean {
  return unit >= 0x40 && unit <= 0x7e;
}

/** Up to the next control character. */
function textAt(data: string): string {
  let end = 0;
  while (end < data.length && data.charCodeAt(end) >= 0x20 && data.charCodeAt(end) !== 0x7f) end++;
  return data.slice(0, end);
}
