import { TABLED } from './alphabet.ts';
import { PHRASES } from './intent.ts';
import { LEXICON, TOPICS } from './lexicon.ts';

const SLOTS = 8192;

/** Set for words that end a phrase of intent. */
export const ENDS_PHRASE = 0x40000000;

/** Hashes of words with a bit for each topic they belong to; open addressing. */
export interface WordTable {
  readonly keys: Int32Array;
  readonly masks: Int32Array;
}

export const SEED = 0x811c9dc5 | 0;
const STEM = 0x5bd1e995;

export function hashStep(hash: number, char: number): number {
  return Math.imul(hash ^ char, 0x01000193);
}

/** What a word's first five letters are looked up by. */
export function stemKey(hash: number): number {
  return hash ^ STEM;
}

export function createWordTable(alphabet: Uint32Array): WordTable {
  const table: WordTable = { keys: new Int32Array(SLOTS), masks: new Int32Array(SLOTS) };
  TOPICS.forEach((topic, bit) => {
    for (const entry of LEXICON[topic].split(' ')) add(table, keyOf(entry, alphabet), 1 << bit);
  });
  for (const { text } of PHRASES) add(table, keyOf(lastPiece(text), alphabet), ENDS_PHRASE);
  return table;
}

/** The topics of a hash, 0 for none. */
export function masksOf(table: WordTable, key: number): number {
  const { keys, masks } = table;
  let slot = slotOf(key);
  for (;;) {
    const found = keys[slot] as number;
    if (found === key) return masks[slot] as number;
    if (found === 0) return 0;
    slot = (slot + 1) & (SLOTS - 1);
  }
}

function add(table: WordTable, key: number, mask: number): void {
  let slot = slotOf(key);
  while (table.keys[slot] !== 0 && table.keys[slot] !== key) slot = (slot + 1) & (SLOTS - 1);
  table.keys[slot] = key;
  table.masks[slot] = (table.masks[slot] as number) | mask;
}

function slotOf(key: number): number {
  return Math.imul(key, 0x9e3779b1) >>> 19;
}

function keyOf(entry: string, alphabet: Uint32Array): number {
  const stem = entry.endsWith('*');
  const letters = stem ? entry.slice(0, 5) : entry;
  let hash = SEED;
  for (let at = 0; at < letters.length; at += 1) hash = hashStep(hash, foldedAt(letters, at, alphabet));
  return stem ? stemKey(hash) : hash;
}

/** The last word, or the last two characters of a script without blanks. */
function lastPiece(phrase: string): string {
  const word = phrase.slice(phrase.lastIndexOf(' ') + 1);
  return word.charCodeAt(0) >= 0x3000 ? word.slice(-2) : word;
}

export function foldedAt(text: string, at: number, alphabet: Uint32Array): number {
  const code = text.charCodeAt(at);
  return code < TABLED ? (alphabet[code] as number) & 0xffff : code;
}
