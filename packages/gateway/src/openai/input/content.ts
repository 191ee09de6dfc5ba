import { bad, Fields } from './fields.ts';

const MAX_PARTS = 1_000;
const KINDS = ['text', 'input_text', 'output_text', 'refusal', 'summary_text'] as const;

/** What was said, in words: a text, or parts that are texts. Throws `BAD_REQUEST` for a picture, a sound or a file. */
export function contentText(value: unknown, path: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (!Array.isArray(value) || value.length > MAX_PARTS) throw bad(path, `give a text, or a list of at most ${MAX_PARTS} parts`);
  return value.map((part, i) => partText(part, `${path}.${i}`)).join('');
}

function partText(value: unknown, path: string): string {
  const part = new Fields(value, path);
  const kind = part.text('type', 64);
  if (kind === undefined) throw part.bad('type', 'say what it is: text');
  if (!KINDS.some((each) => each === kind))
    throw part.bad('type', `${JSON.stringify(kind)} is not served here: give text, and no pictures, sounds or files`);
  const said = kind === 'refusal' ? part.any('refusal') : part.any('text');
  if (typeof said !== 'string') throw bad(path, 'give its text');
  return said;
}
