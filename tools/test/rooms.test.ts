import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseArrows } from '../rooms/arrows.ts';
import { cyclesOf } from '../rooms/cycles.ts';
import { importsOf } from '../rooms/imports.ts';
import { checkRooms } from '../rooms.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rooms-'));
  put('ARCHITECTURE.md', '# A\n\n```rooms\nb -> a\nc -> b\n```\n');
  put('package.json', JSON.stringify({ name: 'root', devDependencies: { vitest: '1' } }));
  room('a', {});
  room('b', { '@house/a': '1' });
  room('c', { '@house/a': '1', '@house/b': '1', yaml: '1' });
  put('packages/a/src/index.ts', 'export const a = 1;\n');
  put('packages/b/src/index.ts', "export { a } from '@house/a';\n");
  put('packages/c/src/index.ts', "import 'yaml';\nimport { a } from '@house/a';\nexport { a as c } from '@house/b';\nexport { a };\n");
});
afterEach(() => rmSync(root, { recursive: true }));

describe('rooms', () => {
  test('an orderly house has no fault', () => {
    expect(checkRooms(root)).toEqual({ rooms: 3, files: 3, imports: 4, faults: [] });
  });

  test.each<[name: string, path: string, text: string, where: string, says: string]>([
    ['an import against the arrows', 'packages/a/src/x.ts', "import { b } from '@house/b';", 'packages/a/src/x.ts', 'no arrow a -> b'],
    [
      'a type import against the arrows',
      'packages/a/src/x.ts',
      "import type { B } from '@house/b';",
      'packages/a/src/x.ts',
      'no arrow a -> b',
    ],
    [
      'a lazy import against the arrows',
      'packages/a/src/x.ts',
      "const b = await import('@house/b');",
      'packages/a/src/x.ts',
      'no arrow a -> b',
    ],
    [
      'an import over several lines',
      'packages/a/src/x.ts',
      "import {\n  one,\n  two,\n} from '@house/b';",
      'packages/a/src/x.ts',
      'no arrow a -> b',
    ],
    [
      'an import against the arrows in a test',
      'packages/a/test/x.test.ts',
      "import { b } from '@house/b';",
      'packages/a/test/x.test.ts',
      'no arrow a -> b',
    ],
    ['a deep import', 'packages/b/src/x.ts', "import { a } from '@house/a/src/index.ts';", 'packages/b/src/x.ts', 'not a public entry'],
    [
      'a path into another package',
      'packages/b/src/x.ts',
      "import { a } from '../../a/src/index.ts';",
      'packages/b/src/x.ts',
      'leaves the package',
    ],
    ['an npm package that is not declared', 'packages/b/src/x.ts', "import ws from 'ws';", 'packages/b/src/x.ts', 'not in package.json'],
    ['its own name', 'packages/b/src/x.ts', "import { b } from '@house/b';", 'packages/b/src/x.ts', 'its own package'],
  ])('finds %s', (_name, path, text, where, says) => {
    put(path, `${text}\n`);
    expect(faults()).toEqual([expect.stringContaining(`${where} imports`)]);
    expect(faults()[0]).toContain(says);
  });

  test('finds a dependency that is not declared, and one that is not used', () => {
    room('c', { '@house/a': '1', yaml: '1', '@house/unused': '1' });
    expect(faults()).toEqual([
      expect.stringContaining("imports '@house/b': not in package.json"),
      expect.stringContaining('declares @house/unused, which no source imports'),
    ]);
  });

  test('finds a package without arrows', () => {
    room('d', {});
    expect(faults()).toEqual([expect.stringContaining('packages/d is not in the rooms block')]);
  });

  test('finds a cycle of files, also of types and of workers', () => {
    put('packages/a/src/one.ts', "import type { Two } from './two.ts';\n");
    put('packages/a/src/two.ts', "export { three } from './three.ts';\n");
    put('packages/a/src/three.ts', "new Worker(new URL('./one.ts', import.meta.url));\n");
    expect(faults()).toEqual([expect.stringMatching(/cycle of files: .*one.ts, .*three.ts, .*two.ts/)]);
  });

  test('finds a cycle of folders, parent and child included', () => {
    put('packages/a/src/top.ts', "import './deep/one.ts';\n");
    put('packages/a/src/deep/one.ts', '');
    put('packages/a/src/deep/two.ts', "import { a } from '../index.ts';\n");
    expect(faults()).toEqual([expect.stringMatching(/cycle of folders: packages\/a\/src, packages\/a\/src\/deep/)]);
  });

  test('tests may use the root’s tools and the tests folder, not the insides of other packages', () => {
    put(
      'packages/a/test/x.test.ts',
      "import { test } from 'vitest';\nimport '../src/index.ts';\nimport '../../../tests/provider/server.ts';\n",
    );
    expect(faults()).toEqual([]);
    put('packages/a/test/y.test.ts', "import '../../b/src/index.ts';\n");
    expect(faults()).toHaveLength(1);
  });
});

test('arrows are transitive, and must not lead in a circle', () => {
  const arrows = parseArrows('```rooms\nb -> a\nc -> b\n```\n');
  expect([...(arrows.get('c') ?? [])]).toEqual(['b', 'a']);
  expect([...(arrows.get('a') ?? [])]).toEqual([]);
  expect(() => parseArrows('```rooms\na -> b\nb -> a\n```\n')).toThrow('lead back');
  expect(() => parseArrows('```rooms\na => b\n```\n')).toThrow('Cannot read');
  expect(() => parseArrows('nothing')).toThrow('no ```rooms block');
});

test('imports in comments and strings do not count', () => {
  const text = [
    "/**\n * import { x } from 'commented';\n */",
    "// import 'too';",
    "const s = 'import y from z';",
    "import { real } from 'real';",
  ];
  expect(importsOf(text.join('\n'))).toEqual(['real']);
});

test('cycles are found apart from each other', () => {
  const graph = new Map(Object.entries({ a: ['b'], b: ['a', 'c'], c: ['d'], d: ['c'], e: ['a'] }).map(([k, v]) => [k, new Set(v)]));
  expect(cyclesOf(graph).toSorted()).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
});

function faults(): readonly string[] {
  return checkRooms(root).faults.map(({ where, what }) => `${where} ${what}`);
}

function room(name: string, dependencies: Record<string, string>): void {
  put(`packages/${name}/package.json`, JSON.stringify({ name: `@house/${name}`, dependencies, exports: { '.': './src/index.ts' } }));
}

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
