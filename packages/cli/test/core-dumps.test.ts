import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { leaveNoDumps } from '../src/machine/core-dumps.ts';

test.skipIf(process.platform !== 'linux')('no memory goes into dumps, and where there are none to be nothing else is done', () => {
  const proc = mkdtempSync(join(tmpdir(), 'openclaw-proc-'));
  writeFileSync(
    join(proc, 'limits'),
    'Limit                     Soft Limit           Hard Limit           Units\nMax core file size        0                    unlimited            bytes\n',
  );
  expect(leaveNoDumps(proc)).toBeUndefined();
  expect(readFileSync(join(proc, 'coredump_filter'), 'utf8')).toBe('0');
  rmSync(proc, { recursive: true });
  expect(leaveNoDumps(proc)).toMatch(/ENOENT/);
});
