/** The samples hold what is printed, and the page that leads to them leads to all of them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (...path: readonly string[]): string => readFileSync(join(ROOT, ...path), 'utf8');
const files = (path: string): readonly string[] => readdirSync(join(ROOT, path)).sort();
const nameOf = (file: string): string => file.replace(/\.\w+$/, '');

/** As printed, in both languages alike: lines begin without blanks. */
const PRINTED = 'tests/house/expected/seed';
const SAMPLES = 'examples/seed';

/** In the order of the text. */
const SECTIONS = [
  ...['1.1', '1.2 A', '1.2 B'],
  ...['2.1', '2.2 A', '2.2 B'],
  ...['3.1', '3.2 A', '3.2 B'],
  ...['4.1', '4.2, level 1', '4.2, level 2', '4.2, level 3', '4.3, strategy 1', '4.3, strategy 2'],
  ...['5.1', '5.2', '5.3'],
  ...['6, Q1', '6, Q2', '6, Q3', '7'],
];

describe('each sample', () => {
  test.each(files(PRINTED))('%s stands in a file as it is printed', (printed) => {
    const [sample = ''] = files(SAMPLES).filter((file) => nameOf(file) === nameOf(printed));
    expect(read(SAMPLES, sample).replaceAll(/^ +/gm, '')).toContain(read(PRINTED, printed));
  });
});

describe('the page', () => {
  const page = 'docs/seed.md';
  const rows = read(page)
    .split('\n')
    .filter((line) => /^\| \d/.test(line))
    .map((line) => {
      const [section = '', , pages = '', samples = '', tests = ''] = line
        .slice(1)
        .split('|')
        .map((cell) => cell.trim());
      return { section, pages: links(pages), samples: links(samples), tests: links(tests) };
    });

  test('names each section once', () => {
    expect(rows.map(({ section }) => section)).toEqual(SECTIONS);
  });

  test('leads to each sample once', () => {
    const named = rows.flatMap(({ samples }) => samples.map((link) => basename(link)));
    expect(new Set(named).size).toBe(named.length);
    const printed = files(PRINTED).map(nameOf);
    expect(
      named
        .map(nameOf)
        .filter((name) => printed.includes(name))
        .sort(),
    ).toEqual(printed);
  });

  test.each(rows)('$section leads to a page, and to a test that has its sample', ({ pages, samples, tests }) => {
    expect(pages.length).toBeGreaterThan(0);
    expect(tests.length).toBeGreaterThan(0);
    for (const link of [...pages, ...samples, ...tests]) expectThere(page, link);
    for (const sample of samples) {
      const name = basename(sample);
      const said = tests.map((link) => readFileSync(resolve(ROOT, dirname(page), link), 'utf8'));
      expect(said.some((text) => text.includes(`'${name}'`) || text.includes(`'${nameOf(name)}'`))).toBe(true);
    }
  });
});

/** Where the links of a cell lead. */
function links(cell: string): readonly string[] {
  return [...cell.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);
}

function expectThere(page: string, link: string): void {
  const [path = '', anchor] = link.split('#');
  const file = path === '' ? join(ROOT, page) : resolve(ROOT, dirname(page), path);
  expect(existsSync(file), link).toBe(true);
  if (anchor === undefined) return;
  const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
  expect(headings, link).toContain(anchor);
}
