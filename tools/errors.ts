// The table of error words in PROTOCOL.md §8, written from the one in `packages/protocol/src/errors.ts`.
//   node --conditions=openclaw-source tools/errors.ts [--write]
import { readFileSync, writeFileSync } from 'node:fs';
import { ERRORS, type ErrorCode, type ErrorRow, HTTP_STATUS, MEANINGS } from '@openclaw-runtime/protocol';

const BEGIN = '<!-- errors:begin -->';
const END = '<!-- errors:end -->';

/** The document with its table replaced. Throws when the markers are missing. */
export function withErrorTable(document: string): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`The document needs ${BEGIN} and ${END} around its error table.`);
  return `${document.slice(0, begin + BEGIN.length)}\n${errorTable()}\n${document.slice(end)}`;
}

function errorTable(): string {
  const rows = Object.entries<ErrorRow>(ERRORS).map(
    ([code, { close, retryable }]) =>
      `| \`${code}\` | ${HTTP_STATUS[code as ErrorCode]} | ${close ?? ''} | ${retryable ? 'yes' : 'no'} | ${MEANINGS[code as ErrorCode]} |`,
  );
  return ['| word | HTTP | close | retryable | meaning |', '|---|---|---|---|---|', ...rows].join('\n');
}

if (import.meta.main) {
  const file = new URL('../PROTOCOL.md', import.meta.url);
  const before = readFileSync(file, 'utf8');
  const after = withErrorTable(before);
  if (process.argv.includes('--write')) writeFileSync(file, after);
  else if (before !== after) {
    console.error('PROTOCOL.md §8 differs from the error table. Run: node --conditions=openclaw-source tools/errors.ts --write');
    process.exitCode = 1;
  }
}
