import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { faultsOfText } from '../habits.ts';
import { publicNames } from '../surface/declarations.ts';

// Each import is a program of its own.
vi.setConfig({ testTimeout: 90_000 });

const run = promisify(execFile);
const root = new URL('../../', import.meta.url);

describe('surface', () => {
  const files: Record<string, string> = {
    '/p/index.d.ts':
      "/** Doc. */\nexport { type A, b as c } from './deep/one.ts';\nexport { far } from 'elsewhere';\nexport declare const two: {\n    x: number;\n};\n",
    '/p/deep/one.d.ts':
      'export interface A {\n    /** Inner. */\n    n: number;\n}\nexport declare function b(): void;\nexport declare const hidden = 1;\n',
  };
  const names = (): ReturnType<typeof publicNames> => publicNames('/p/index.d.ts', (path) => files[path] ?? '');

  test('follows re-exports, and shows only what goes out', () => {
    expect(names()).toEqual([
      { name: 'A', text: 'export interface A {\n    n: number;\n}' },
      { name: 'c', text: 'export declare function b(): void; // as c' },
      { name: 'far', text: "export { far } from 'elsewhere';" },
      { name: 'two', text: 'export declare const two: {\n    x: number;\n};' },
    ]);
  });

  test('a name that is passed on but does not exist is an error', () => {
    expect(() => publicNames('/q.d.ts', (path) => (path === '/q.d.ts' ? "export { gone } from './p.ts';\n" : ''))).toThrow('gone');
  });
});

describe('purity', () => {
  const manifests = globSync('packages/*/package.json', { cwd: root }).map(
    (path) => JSON.parse(readFileSync(new URL(path, root), 'utf8')) as { readonly name: string; readonly exports: object },
  );
  const entries = manifests.flatMap(({ name, exports }) => Object.keys(exports).map((entry) => name + entry.slice(1)));
  /** A program, what runs in a thread and a suite of tests are there to do something. */
  const active = /\/(?:bin|thread|suite)$/;

  test.each(entries.filter((entry) => !active.test(entry)))('importing %s does nothing but define names', async (name) => {
    const script = `
      await import('node:crypto');
      const reads = new Set();
      const env = process.env;
      process.env = new Proxy(env, { get: (target, key) => (reads.add(String(key)), target[key]) });
      const before = new Set(Object.keys(globalThis));
      await import(${JSON.stringify(name)});
      process.env = env;
      const left = process.getActiveResourcesInfo().filter((kind) => kind !== 'PipeWrap' && kind !== 'TTYWrap');
      const ours = [...reads].filter((key) => /^(OPEN|CLAW|HOME|PORT)/.test(key));
      const globals = Object.keys(globalThis).filter((key) => !before.has(key) && !key.startsWith('__zod'));
      console.log(JSON.stringify({ left, ours, globals }));`;
    const args = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script];
    const { stdout, stderr } = await run(process.execPath, args, { cwd: root, timeout: 60_000 });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ left: [], ours: [], globals: [] });
  });
});

describe('habits', () => {
  test.each([
    ['export let count = 0;\n', 'state of a module'],
    ["export * from './x.ts';\n", 'export *'],
    ['enum Color {}\n', 'an enum'],
    ['const at = new Date();\n', 'take a Clock'],
    ['// @ts-ignore\n', 'switched off'],
    ['// oxlint-disable-next-line no-console\n', 'switched off'],
    ['test.only("x", () => {});\n', 'left out'],
  ])('%j is found', (text, says) => {
    expect(faultsOfText('packages/a/src/x.ts', `const fine = 1;\n${text}`)).toEqual([
      expect.stringMatching(`^packages/a/src/x.ts:2 .*${says.replace('*', '\\*')}`),
    ]);
  });

  test('local state, reasons and honest names are fine', () => {
    const text = 'function f() {\n  let n = 0;\n  // oxlint-disable-next-line no-console -- the one place that prints\n  return n++;\n}\n';
    expect(faultsOfText('packages/a/src/channel.ts', text)).toEqual([]);
    expect(faultsOfText('packages/a/src/utils/x.ts', text)).toHaveLength(1);
  });
});
