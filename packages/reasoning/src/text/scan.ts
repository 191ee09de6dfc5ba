import { KIND, KINDS, TABLED, wideKind } from './alphabet.ts';
import { PHRASES, SPEAKERS } from './intent.ts';
import { TOPICS } from './lexicon.ts';
import { ENDS_PHRASE, foldedAt, hashStep, masksOf, SEED, stemKey, type WordTable } from './word-table.ts';

/** Of a longer text only the head and the tail are read, in UTF-16 units. */
export const HEAD = 2048;
export const TAIL = 1024;

/** Hashed features fall into this many buckets. */
export const BUCKET_BITS = 16;
const SHIFT = 32 - BUCKET_BITS;

/** What a scan found. One for each predictor, used again for each text; nothing is allocated by a scan. */
export interface Scan {
  readonly words: Int32Array;
  readonly grams: Int32Array;
  readonly kinds: Int32Array;
  readonly topics: Int32Array;
  wordBuckets: number;
  gramBuckets: number;
  /** UTF-16 units of the text, and how many of them were read. */
  length: number;
  read: number;
  wordCount: number;
  longWords: number;
  numbers: number;
  longestNumber: number;
  items: number;
  choices: number;
  asksAtEnd: number;
  /** The level that was asked for in words, 0 for none, and where it was said. */
  intent: number;
  intentAt: number;
  intentEnd: number;
}

export interface Tables {
  readonly alphabet: Uint32Array;
  readonly words: WordTable;
}

export function createScan(): Scan {
  const room = HEAD + TAIL + 16;
  return {
    words: new Int32Array(room),
    grams: new Int32Array(room),
    kinds: new Int32Array(KINDS),
    topics: new Int32Array(TOPICS.length),
    wordBuckets: 0,
    gramBuckets: 0,
    length: 0,
    read: 0,
    wordCount: 0,
    longWords: 0,
    numbers: 0,
    longestNumber: 0,
    items: 0,
    choices: 0,
    asksAtEnd: 0,
    intent: 0,
    intentAt: 0,
    intentEnd: 0,
  };
}

/** Reads `text` into `scan`. */
export function scanText(text: string, tables: Tables, scan: Scan): void {
  scan.kinds.fill(0);
  scan.topics.fill(0);
  scan.wordBuckets = 0;
  scan.gramBuckets = 0;
  scan.length = text.length;
  scan.wordCount = 0;
  scan.longWords = 0;
  scan.numbers = 0;
  scan.longestNumber = 0;
  scan.items = 0;
  scan.choices = 0;
  scan.asksAtEnd = 0;
  scan.intent = 0;
  scan.intentAt = 0;
  scan.intentEnd = 0;
  if (text.length <= HEAD + TAIL) {
    scan.read = text.length;
    scanPart(text, 0, text.length, tables, scan);
  } else {
    scan.read = HEAD + TAIL;
    scanPart(text, 0, HEAD, tables, scan);
    scanPart(text, text.length - TAIL, text.length, tables, scan);
  }
}

function scanPart(text: string, from: number, to: number, tables: Tables, scan: Scan): void {
  const { alphabet } = tables;
  const { kinds, grams } = scan;
  let gramBuckets = scan.gramBuckets;
  let gram = 32;
  let before = 32;
  let hash = SEED;
  let stem = 0;
  let letters = 0;
  let latin = false;
  let previous = 0;
  let digits = 0;
  let pair = 0;
  let single = 0;
  let lineStart = true;
  let asked = 0;
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    const entry = code < TABLED ? (alphabet[code] as number) : (wideKind(code) << 16) | (code & 0xffff);
    const kind = entry >>> 16;
    const char = entry & 0xffff;
    kinds[kind] = (kinds[kind] as number) + 1;
    if (char < 128) {
      if (char !== 32 || before !== 32) {
        gram = (gram << 8) | char;
        if (gram >>> 24 !== 0) {
          grams[gramBuckets] = mixed(gram) >>> SHIFT;
          gramBuckets += 1;
        }
      }
    } else gram = 0;
    before = char;
    if (isWordy(kind)) {
      hash = hashStep(hash, char);
      letters += 1;
      if (letters === 5) stem = hash;
      if (kind === KIND.digit) digits += 1;
      else {
        if (char < 128) latin = true;
      }
      if (lineStart) {
        lineStart = false;
        noteLine(text, at, kind, scan);
      }
      single = 0;
      continue;
    }
    if (letters > 0) {
      previous = endWord(hash, stem, letters, digits, latin, previous, tables, scan, text, at);
      hash = SEED;
      letters = 0;
      latin = false;
      digits = 0;
    }
    if (kind >= KIND.han && kind <= KIND.hangul) {
      scan.wordCount += 1;
      lineStart = false;
      const one = hashStep(SEED, char);
      count(one, tables, scan, text, at + 1);
      if (single !== 0) {
        const two = hashStep(single, char);
        count(two, tables, scan, text, at + 1);
        if (pair !== 0) count(hashStep(pair, char), tables, scan, text, at + 1);
        pair = two;
      } else pair = 0;
      single = one;
      previous = 0;
      continue;
    }
    single = 0;
    if (kind === KIND.newline) lineStart = true;
    else if (kind !== KIND.space) {
      if (lineStart && (char === 45 || char === 42 || char === 0x2022)) scan.items += 1;
      lineStart = false;
      if (kind === KIND.question) asked = at;
    }
  }
  if (letters > 0) endWord(hash, stem, letters, digits, latin, previous, tables, scan, text, to);
  if (asked > 0 && to - asked <= 40) scan.asksAtEnd = 1;
  scan.gramBuckets = gramBuckets;
}

function isWordy(kind: number): boolean {
  return (kind >= KIND.lower && kind <= KIND.digit) || (kind >= KIND.cyrillic && kind <= KIND.accented);
}

/** A line that begins with a number or a letter and a full stop or a bracket is an item; letters are choices. */
function noteLine(text: string, at: number, kind: number, scan: Scan): void {
  const next = text.charCodeAt(at + 1);
  const marked = next === 46 || next === 41 || next === 58;
  if (kind === KIND.digit) {
    if (marked || text.charCodeAt(at + 2) === 46 || text.charCodeAt(at + 2) === 41) scan.items += 1;
  } else if (kind === KIND.upper && marked) scan.choices += 1;
}

function endWord(
  hash: number,
  stem: number,
  letters: number,
  digits: number,
  latin: boolean,
  previous: number,
  tables: Tables,
  scan: Scan,
  text: string,
  end: number,
): number {
  scan.wordCount += 1;
  if (digits > 0) {
    scan.numbers += 1;
    if (digits > scan.longestNumber) scan.longestNumber = digits;
  }
  if (letters >= 9) scan.longWords += 1;
  if (latin || digits > 0) {
    const { words } = scan;
    words[scan.wordBuckets] = mixed(hash ^ 0x3c6ef372) >>> SHIFT;
    scan.wordBuckets += 1;
    if (previous !== 0) {
      words[scan.wordBuckets] = mixed(Math.imul(previous, 0x9e3779b1) + hash) >>> SHIFT;
      scan.wordBuckets += 1;
    }
  }
  if (digits < letters) {
    count(hash, tables, scan, text, end);
    if (letters >= 5) count(stemKey(stem), tables, scan, text, end);
  }
  return latin || digits > 0 ? hash : 0;
}

function count(key: number, tables: Tables, scan: Scan, text: string, end: number): void {
  let mask = masksOf(tables.words, key);
  if (mask === 0) return;
  if ((mask & ENDS_PHRASE) !== 0) {
    noteIntent(text, end, tables, scan);
    mask &= ~ENDS_PHRASE;
  }
  const { topics } = scan;
  while (mask !== 0) {
    const bit = 31 - Math.clz32(mask);
    topics[bit] = (topics[bit] as number) + 1;
    mask &= ~(1 << bit);
  }
}

/** The last phrase wins: it stands nearest to the question. */
function noteIntent(text: string, end: number, tables: Tables, scan: Scan): void {
  for (let index = 0; index < PHRASES.length; index += 1) {
    const phrase = PHRASES[index];
    if (phrase === undefined) return;
    const from = matchBack(text, end, phrase.text, tables.alphabet);
    if (from < 0 || isTold(text, from, tables.alphabet)) continue;
    if (scan.intentEnd === end && scan.intentAt <= from) continue;
    scan.intent = phrase.level;
    scan.intentAt = from;
    scan.intentEnd = end;
  }
}

/** Where a phrase that ends at `end` begins, as a whole word; -1 if it is another text. */
function matchBack(text: string, end: number, phrase: string, alphabet: Uint32Array): number {
  let at = end - 1;
  for (let index = phrase.length - 1; index >= 0; index -= 1) {
    if (at < 0) return -1;
    if (foldedAt(text, at, alphabet) !== foldedAt(phrase, index, alphabet)) return -1;
    at -= 1;
  }
  const first = phrase.charCodeAt(0);
  if (first < 0x3000 && at >= 0 && isLetter(text.charCodeAt(at), alphabet)) return -1;
  return at + 1;
}

/** Whether the word before is that of somebody who is told about: "I think hard work pays". */
function isTold(text: string, from: number, alphabet: Uint32Array): boolean {
  if (from < 2 || text.charCodeAt(from - 1) !== 32) return false;
  for (let index = 0; index < SPEAKERS.length; index += 1) {
    const speaker = SPEAKERS[index];
    if (speaker !== undefined && matchBack(text, from - 1, speaker, alphabet) >= 0) return true;
  }
  return false;
}

function isLetter(code: number, alphabet: Uint32Array): boolean {
  return code < TABLED && isWordy((alphabet[code] as number) >>> 16);
}

function mixed(hash: number): number {
  const first = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return Math.imul(first ^ (first >>> 13), 0x297a2d39);
}
