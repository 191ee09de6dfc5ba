import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { type Page, type RunKey, runKey } from '@openclaw-runtime/store';
import { afterAll, expect, test } from 'vitest';
import { sweepWorkspaces, workspaceOf } from '../src/machine/workspaces.ts';
import { createFakeClock } from './fixtures/clock.ts';

const root = mkdtempSync(join(tmpdir(), 'openclaw-workspaces-'));
afterAll(() => rmSync(root, { recursive: true }));

const ID = (letter: string): string => letter.repeat(22);

test('a workspace is a folder of its own, whatever a tenant is called', () => {
  expect(workspaceOf('/w', runKey('default', ID('a')))).toBe(`/w/default/${ID('a')}`);
  expect(workspaceOf('/w', runKey('..', ID('a')))).toBe(`/w/%2E%2E/${ID('a')}`);
  expect(workspaceOf('/w', runKey('a/../b', ID('a')))).toBe(`/w/a%2F%2E%2E%2Fb/${ID('a')}`);
});

test('those of runs that are gone are removed, at once and each hour; what is not theirs stays', async () => {
  const alive = new Set<RunKey>([runKey('t.1', ID('a')), runKey('t.1', ID('b'))]);
  const broken = runKey('t.1', ID('d'));
  const place = (key: RunKey): string => workspaceOf(root, key);
  const gone = runKey('t.1', ID('c'));
  for (const key of [...alive, gone, broken]) {
    mkdirSync(place(key), { recursive: true });
    writeFileSync(join(place(key), 'file'), 'x');
  }
  const notes = join(dirname(place(gone)), 'notes');
  mkdirSync(notes);
  const outside = mkdtempSync(join(tmpdir(), 'openclaw-outside-'));
  symlinkSync(outside, join(dirname(place(gone)), ID('e')));
  const clock = createFakeClock();
  const read = (key: RunKey): Page => {
    if (alive.has(key)) return {} as Page;
    throw new OpenClawError(key === broken ? 'DATA_DAMAGED' : 'NOT_FOUND', 'x');
  };
  using _sweep = sweepWorkspaces({ root, runs: { read }, clock, log: () => undefined });
  await until(() => clock.pending === 1);
  expect([...alive, gone, broken].map((key) => existsSync(place(key)))).toEqual([true, true, false, true]);
  expect([notes, outside].map((path) => existsSync(path))).toEqual([true, true]);
  alive.delete(runKey('t.1', ID('b')));
  clock.advance(3_600_000);
  await until(() => clock.pending === 1);
  expect(existsSync(place(runKey('t.1', ID('b'))))).toBe(false);
  rmSync(outside, { recursive: true });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}
