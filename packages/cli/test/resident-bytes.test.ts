import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SOURCE = fileURLToPath(new URL('../src/machine/resident-bytes.ts', import.meta.url));

test('a process that has no descriptors left knows the memory that it had', () => {
  const script = `
    const { openSync } = await import('node:fs');
    const residentBytes = (await import(${JSON.stringify(SOURCE)})).createResidentBytes();
    const before = residentBytes();
    let code;
    try { for (;;) openSync('/dev/null', 'r'); } catch (error) { ({ code } = error); }
    process.stdout.write(JSON.stringify({ code, before, then: residentBytes() }));`;
  const told = execFileSync('/bin/sh', ['-c', 'ulimit -n 128; exec "$0" --input-type=module -e "$1"', process.execPath, script]);
  const { code, before, then } = JSON.parse(told.toString()) as { code: string; before: number; then: number };
  expect(code).toBe('EMFILE');
  expect(before).toBeGreaterThan(10_000_000);
  expect(then).toBe(before);
});
