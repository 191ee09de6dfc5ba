import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test.each([
  ['as the server is started, scaled down', 64, 4],
  ['with a nursery that is wide for its heap', 64, 16],
])('the share comes near the whole before the heap is full: %s', (_name, old, semi) => {
  // A process that dies so may leave a core behind.
  const folder = mkdtempSync(join(tmpdir(), 'openclaw-hog-'));
  const hog = fileURLToPath(new URL('fixtures/memory-hog.ts', import.meta.url));
  const flags = [
    '--conditions=openclaw-source',
    '--disable-warning=ExperimentalWarning',
    `--max-old-space-size=${old}`,
    `--max-semi-space-size=${semi}`,
  ];
  const { stdout, signal } = spawnSync(process.execPath, [...flags, hog], { cwd: folder, encoding: 'utf8', maxBuffer: 64 << 20 });
  rmSync(folder, { recursive: true, force: true });
  expect(signal).toBe('SIGABRT');
  const shares = stdout.trim().split('\n').map(Number);
  expect(Math.max(...shares)).toBeGreaterThan(0.95);
  expect(Math.min(...shares)).toBeLessThan(0.5);
});
