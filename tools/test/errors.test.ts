import { readFileSync } from 'node:fs';
import { ERRORS } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { withErrorTable } from '../errors.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('the error words of PROTOCOL.md are those of the code (tools/errors.ts --write mends it)', () => {
  const document = read('PROTOCOL.md');
  expect(document).toBe(withErrorTable(document));
  for (const code of Object.keys(ERRORS)) expect(document).toContain(`| \`${code}\` |`);
});

test('error words and kinds that PROTOCOL.md mentions exist', () => {
  const known = new Set([...Object.keys(ERRORS), 'MUST', 'JSON']);
  const words = [...read('PROTOCOL.md').matchAll(/`([A-Z]{3,}(?:_[A-Z]+)*)`/g)].map((hit) => hit[1] as string);
  expect(words.length).toBeGreaterThan(20);
  expect(words.filter((word) => !known.has(word) && !word.startsWith('PROTOCOL_'))).toEqual([]);
});

test('a document without markers is refused', () => {
  expect(() => withErrorTable('# nothing')).toThrow('errors:begin');
});
