import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RowOptions, RowReport } from '../rows/report.ts';
import { buildShim } from '../shim/build.ts';
import { parseLog } from '../shim/log.ts';
import { losePower } from './lose-power.ts';
import { recordWorkload, type Session } from './record.ts';

/** States of one recording; fewer of one whose texts fill the write-ahead log until SQLite moves it into the database. */
const SHARE = 250;
const BIG_SHARE = 50;
const BIG_EVERY = 8;

/** `count` states that a loss of power may leave, of as many recordings as it takes. */
export async function losePowerOften({ seed, count, say }: RowOptions): Promise<RowReport> {
  using shim = buildShim();
  const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'openclaw-power-'));
  const violations: string[] = [];
  let [states, shorter, operations, bigs] = [0, 0, 0, 0];
  try {
    for (let n = 0; states < count; n++) {
      const big = n % BIG_EVERY === BIG_EVERY - 1;
      const sessions = sessionsOf(seed + n, big);
      const work = join(dir, String(n));
      const { log, codes, complaints } = await recordWorkload(work, shim.path, sessions);
      if (!codes.every((code, i) => code === (sessions[i]?.end === 'kill' ? 'SIGKILL' : 0)))
        violations.push(`recording ${n}: the workload ended with ${codes.join(', ')}: ${complaints}`);
      const parsed = parseLog(log);
      operations += parsed.length;
      const lost = await losePower({
        operations: parsed,
        seed: seed + n,
        states: Math.min(big ? BIG_SHARE : SHARE, count - states),
        dir: work,
      });
      states += lost.states;
      shorter += lost.shorter;
      if (big) bigs += lost.states;
      if (lost.violations.length > 0) {
        const kept = join(tmpdir(), `openclaw-power-${seed + n}.log`);
        writeFileSync(kept, log);
        violations.push(...lost.violations.map((says) => `recording ${n}, kept as ${kept}: ${says}`));
      }
      rmSync(work, { recursive: true, force: true });
      if (n % 4 === 3) say(`  ${states} states of ${n + 1} recordings, ${violations.length} violations`);
      if (violations.length > 50) break;
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return { cases: states, violations, figures: { operations, 'states without some process text': shorter, 'of long logs': bigs } };
}

function sessionsOf(seed: number, big: boolean): readonly Session[] {
  if (big) {
    return [
      { seed: seed * 3, runs: 8, bigChars: 60_000, end: 'kill' },
      { seed: seed * 3 + 1, runs: 3, bigChars: 60_000, end: 'close' },
    ];
  }
  return [
    { seed: seed * 3, runs: 14, bigChars: 0, end: 'kill' },
    { seed: seed * 3 + 1, runs: 8, bigChars: 0, end: 'close' },
    { seed: seed * 3 + 2, runs: 8, bigChars: 0, end: 'kill' },
  ];
}
