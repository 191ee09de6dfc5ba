import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { levelTables } from './fixtures/level-table.ts';

const FILE = fileURLToPath(new URL('../../../docs/reasoning/levels.md', import.meta.url));
const TABLES = /(?<=<!-- tables -->\n\n).*(?=\n<!-- end of tables -->)/s;

test('the documentation has the table that the code has; `vitest -u` writes it', async () => {
  const text = readFileSync(FILE, 'utf8');
  expect(text).toMatch(TABLES);
  await expect(text.replace(TABLES, () => levelTables())).toMatchFileSnapshot(FILE);
});
