import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const LIMIT = /^Max core file size +(\d+|unlimited)/m;

/**
 * This process and those that it starts leave no core dumps, which would hold secrets, prompts and answers; where a program of the system's takes dumps all the same,
 * it gets no memory, though registers. Returns why not; elsewhere than on Linux dumps are as the system has them.
 */
export function leaveNoDumps(proc = '/proc/self'): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    writeFileSync(`${proc}/coredump_filter`, '0');
    if (LIMIT.exec(readFileSync(`${proc}/limits`, 'utf8'))?.[1] === '0') return undefined;
    // Node cannot set its own limits.
    execFileSync('prlimit', ['--pid', String(process.pid), '--core=0'], { stdio: 'ignore', timeout: 2_000 });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
