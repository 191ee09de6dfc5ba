import { KIND } from './alphabet.ts';
import { TOPICS } from './lexicon.ts';
import type { Scan } from './scan.ts';

/** Names of the features that need no vocabulary of their own, as people are told them. */
export const DENSE = [
  'length',
  'length beyond a paragraph',
  'length beyond a page',
  'words',
  'share of digits',
  'numbers',
  'longest number',
  'share of operators',
  'operators',
  'share of code marks',
  'code marks',
  'formulas',
  'capitals',
  'lines',
  'question marks',
  'ends with a question',
  'list items',
  'choices',
  'commas',
  'length of words',
  'long words',
  'sentences',
  'length of sentences',
  'quotes',
  'brackets',
  'mathematical signs',
  'colons',
  'emoji',
  ...TOPICS.slice(0, 20).map((topic) => `words of ${topic}`),
] as const;

export const DENSE_SIZE = DENSE.length;

/** Where the names of topics begin. */
export const FIRST_TOPIC = DENSE.indexOf('words of fact');

/** What one character of a script is worth in Latin letters, as text says the same in fewer characters. */
const HAN_WORTH = 3;
const KANA_WORTH = 1.8;
const HANGUL_WORTH = 2.2;

/** Length of the text as if it were written in Latin letters. */
export function latinLength(scan: Scan): number {
  const { kinds } = scan;
  const dense =
    (kinds[KIND.han] as number) * (HAN_WORTH - 1) +
    (kinds[KIND.kana] as number) * (KANA_WORTH - 1) +
    (kinds[KIND.hangul] as number) * (HANGUL_WORTH - 1);
  return scan.read === 0 ? 0 : (scan.length * (scan.read + dense)) / scan.read;
}

/** Writes the features of a scan into `out`, in the order of `DENSE`. */
export function denseFeatures(scan: Scan, out: Float64Array): void {
  const { kinds, topics } = scan;
  const length = latinLength(scan);
  const read = Math.max(1, scan.read);
  const grown = scan.length / read;
  const at = (kind: number): number => kinds[kind] as number;
  const log = (count: number): number => Math.log1p(count * grown);
  const dense = at(KIND.han) + at(KIND.kana) + at(KIND.hangul);
  const words = Math.max(1, scan.wordCount - dense + dense / 1.8);
  const letters = at(KIND.lower) + at(KIND.upper) + at(KIND.cyrillic) + at(KIND.arabic) + at(KIND.accented);
  const sentences = at(KIND.stop) + at(KIND.question) + at(KIND.exclamation);
  const size = Math.log1p(length);
  out[0] = size;
  out[1] = Math.max(0, size - 5.5);
  out[2] = Math.max(0, size - 7);
  out[3] = Math.log1p(words * grown);
  out[4] = Math.sqrt(at(KIND.digit) / read);
  out[5] = log(scan.numbers);
  out[6] = Math.min(8, scan.longestNumber);
  out[7] = Math.sqrt(at(KIND.operator) / read);
  out[8] = log(at(KIND.operator));
  out[9] = Math.sqrt(at(KIND.code) / read);
  out[10] = log(at(KIND.code));
  out[11] = log(at(KIND.money));
  out[12] = Math.sqrt(at(KIND.upper) / read);
  out[13] = log(at(KIND.newline));
  out[14] = log(at(KIND.question));
  out[15] = scan.asksAtEnd;
  out[16] = log(scan.items);
  out[17] = Math.min(10, scan.choices) / 5;
  out[18] = log(at(KIND.comma));
  out[19] = Math.min(12, letters / Math.max(1, scan.wordCount - dense));
  out[20] = Math.sqrt(scan.longWords / words);
  out[21] = log(sentences);
  out[22] = Math.log1p(words / (1 + sentences));
  out[23] = log(at(KIND.quote));
  out[24] = log(at(KIND.bracket));
  out[25] = log(at(KIND.symbol));
  out[26] = log(at(KIND.colon));
  out[27] = log(at(KIND.emoji));
  for (let topic = 0; topic < 20; topic += 1) out[FIRST_TOPIC + topic] = Math.log1p(topics[topic] as number);
}

/** How far the vocabulary of English may be trusted: 1 where English or no language is spoken, less the more another one prevails. */
export function trustInWords(scan: Scan): number {
  const english = scan.topics[20] as number;
  const foreign = scan.topics[21] as number;
  const other = (scan.kinds[KIND.han] as number) + (scan.kinds[KIND.kana] as number) + (scan.kinds[KIND.hangul] as number);
  const script = (scan.kinds[KIND.cyrillic] as number) + (scan.kinds[KIND.arabic] as number);
  const strange = foreign + (other + script / 3) / 3;
  return strange <= english ? 1 : (1 + english) / (1 + strange);
}
