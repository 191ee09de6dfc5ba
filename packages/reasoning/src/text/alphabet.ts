import { once } from './once.ts';

/** What a character counts as. Numbers, since the scanner counts them in a typed array. */
export const KIND = {
  control: 0,
  space: 1,
  newline: 2,
  lower: 3,
  upper: 4,
  digit: 5,
  operator: 6,
  code: 7,
  quote: 8,
  comma: 9,
  stop: 10,
  question: 11,
  exclamation: 12,
  colon: 13,
  bracket: 14,
  money: 15,
  symbol: 16,
  han: 17,
  kana: 18,
  hangul: 19,
  cyrillic: 20,
  arabic: 21,
  accented: 22,
  emoji: 23,
  other: 24,
} as const;

export const KINDS = 25;

/** Codes below this are looked up; the rest is judged by range. */
export const TABLED = 0x700;

/** For each tabled code its kind (above bit 16) and the character it folds to. Made when it is first needed, and shared, since nothing writes to it. */
export const alphabetTable: () => Uint32Array = once(makeTable);

function makeTable(): Uint32Array {
  const table = new Uint32Array(TABLED);
  for (let code = 0; code < TABLED; code += 1) {
    table[code] = code < 128 ? (asciiKind(code) << 16) | asciiFold(code) : (wideKind(code) << 16) | wideFold(code);
  }
  return table;
}

function asciiKind(code: number): number {
  if (code === 10) return KIND.newline;
  if (code === 32 || code === 9 || code === 13) return KIND.space;
  if (code < 32 || code === 127) return KIND.control;
  if (code >= 97 && code <= 122) return KIND.lower;
  if (code >= 65 && code <= 90) return KIND.upper;
  if (code >= 48 && code <= 57) return KIND.digit;
  return MARKS[String.fromCharCode(code)] ?? KIND.other;
}

const MARKS: Readonly<Record<string, number>> = {
  '+': KIND.operator,
  '-': KIND.operator,
  '*': KIND.operator,
  '/': KIND.operator,
  '=': KIND.operator,
  '<': KIND.operator,
  '>': KIND.operator,
  '^': KIND.operator,
  '|': KIND.operator,
  '~': KIND.operator,
  '&': KIND.operator,
  '{': KIND.code,
  '}': KIND.code,
  '[': KIND.code,
  ']': KIND.code,
  ';': KIND.code,
  '`': KIND.code,
  _: KIND.code,
  '#': KIND.code,
  '@': KIND.code,
  '\\': KIND.code,
  '"': KIND.quote,
  "'": KIND.quote,
  ',': KIND.comma,
  '.': KIND.stop,
  '?': KIND.question,
  '!': KIND.exclamation,
  ':': KIND.colon,
  '(': KIND.bracket,
  ')': KIND.bracket,
  $: KIND.money,
  '%': KIND.money,
};

/** Letters in lower case, all digits as one, all blanks as one: what is said, not how it is set. */
function asciiFold(code: number): number {
  if (code >= 65 && code <= 90) return code + 32;
  if (code >= 48 && code <= 57) return 48;
  if (code < 32 && code !== 10) return 32;
  return code;
}

/** Kind of a character beyond ASCII. Halves of pairs count as emoji, alone or not. */
export function wideKind(code: number): number {
  if (code >= 0x4e00 && code <= 0x9fff) return KIND.han;
  if (code >= 0x3040 && code <= 0x30ff) return KIND.kana;
  if (code >= 0xac00 && code <= 0xd7a3) return KIND.hangul;
  if (code >= 0x400 && code <= 0x52f) return KIND.cyrillic;
  if (code >= 0x600 && code <= 0x6ff) return ARABIC_MARKS[code] ?? KIND.arabic;
  if (code >= 0xc0 && code <= 0x24f) return code === 0xd7 || code === 0xf7 ? KIND.symbol : KIND.accented;
  if (code >= 0xd800 && code <= 0xdfff) return KIND.emoji;
  if ((code >= 0x2190 && code <= 0x23ff) || (code >= 0x370 && code <= 0x3ff)) return KIND.symbol;
  if (code >= 0x2500 && code <= 0x27bf) return KIND.emoji;
  if (code >= 0x3400 && code <= 0x4dbf) return KIND.han;
  if (code === 0xa0 || code === 0x3000 || (code >= 0x2000 && code <= 0x200b)) return KIND.space;
  return WIDE_MARKS[code] ?? KIND.other;
}

const ARABIC_MARKS: Readonly<Record<number, number>> = { 0x60c: KIND.comma, 0x61b: KIND.code, 0x61f: KIND.question, 0x6d4: KIND.stop };

const WIDE_MARKS: Readonly<Record<number, number>> = {
  0x3001: KIND.comma,
  0x3002: KIND.stop,
  0xff0c: KIND.comma,
  0xff0e: KIND.stop,
  0xff1a: KIND.colon,
  0xff1b: KIND.code,
  0xff1f: KIND.question,
  0xbf: KIND.other,
  0xff01: KIND.exclamation,
  0xff08: KIND.bracket,
  0xff09: KIND.bracket,
  0x201c: KIND.quote,
  0x201d: KIND.quote,
  0x2018: KIND.quote,
  0x2019: KIND.quote,
  0x300c: KIND.quote,
  0x300d: KIND.quote,
  0xab: KIND.quote,
  0xbb: KIND.quote,
  0x20ac: KIND.money,
  0xa3: KIND.money,
  0xa5: KIND.money,
  0xb1: KIND.symbol,
  0xb2: KIND.symbol,
  0xb3: KIND.symbol,
  0xb0: KIND.symbol,
};

/** The letter beneath an accent, the small letter of a capital, one form of alef; anything else as it is. */
function wideFold(code: number): number {
  if (code === 0xdf) return 0x73;
  if (code === 0x622 || code === 0x623 || code === 0x625) return 0x627;
  if (code < 0x530) return String.fromCharCode(code).normalize('NFD').toLowerCase().charCodeAt(0);
  return code;
}
