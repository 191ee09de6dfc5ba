import { expect, test } from 'vitest';
import { judge, parseTable } from '../attacks/judge.ts';

const TABLE =
  '| row | attack | what | test |\n|---|---|---|---|\n| A1 | one | 403 | `a` |\n| A2 | two | 404 | `a` |\n| A3 | three | no cluster | later |\n';

test('a row is green when all of its tests passed and there is one', () => {
  const rows = parseTable(TABLE);
  expect(rows.map(({ id }) => id)).toEqual(['A1', 'A2', 'A3']);
  const passed = (title: string): { title: string; status: string } => ({ title, status: 'passed' });
  expect(judge(rows, [passed('A1 · x'), passed('A1 · y'), passed('A2 · x'), passed('something else')])).toEqual({
    green: 2,
    all: 2,
    later: ['A3 later: no cluster'],
    wrong: [],
  });
  expect(
    judge(rows, [passed('A1 · x'), { title: 'A1 · y', status: 'failed' }, { title: 'A2 · x', status: 'skipped' }, passed('A9 · x')]),
  ).toMatchObject({
    green: 0,
    all: 2,
    wrong: ['A9: has tests and no row', expect.stringContaining('A1: 1 of 2 tests failed'), expect.stringContaining('A2: no test passed')],
  });
});
