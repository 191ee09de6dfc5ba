import { readFileSync } from 'node:fs';

/** Milliseconds of processor time that a process has used, all its threads together; it counts in steps of 10. */
export function cpuMs(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const fields = rest.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** What one of `times` such requests costs the process, on average, of the round that was disturbed least. */
export async function costMs(pid: number, times: number, ask: () => Promise<unknown>): Promise<number> {
  // The first pays for what is only done once.
  await ask();
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    const before = cpuMs(pid);
    for (let i = 0; i < times; i++) await ask();
    least = Math.min(least, (cpuMs(pid) - before) / times);
  }
  return least;
}
