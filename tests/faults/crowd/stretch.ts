import { readFileSync } from 'node:fs';

/**
 * How much longer than on a machine of its own a process took, from now until it is asked: its main thread's time at work and waiting for a core, over that at work.
 * What is promised of time is promised of a machine that has some.
 */
export function watchStretch(pid: number): () => number {
  const [ran, waited] = read(pid);
  return () => {
    const [ranNow, waitedNow] = read(pid);
    const atWork = Math.max(ranNow - ran, 1);
    return (atWork + waitedNow - waited) / atWork;
  };
}

function read(pid: number): readonly [number, number] {
  const [ran = 0, waited = 0] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ').map(Number);
  return [ran, waited];
}
