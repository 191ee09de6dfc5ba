import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@openclaw-runtime/kit';
import type { RowOptions, RowReport } from '../rows/report.ts';
import { buildShim } from '../shim/build.ts';
import { openControl } from '../shim/control.ts';
import { type Operation, parseLog } from '../shim/log.ts';
import { losePower } from './lose-power.ts';
import { heed, type Mark, noPromises } from './marks.ts';
import { recordWorkload, type Session } from './record.ts';

/** States of lost power after each failure. */
const STATES = 24;
/** A case in so many has texts that make SQLite move its write-ahead log, whose syncs fail too. */
const BIG_EVERY = 4;

/**
 * Stores whose syncs fail, once or from some moment on: each stops, acknowledges nothing more, and what the disk did not get was promised to nobody. The next
 * process opens the folder and goes on.
 */
export async function failSyncsOften({ seed, count, say }: RowOptions): Promise<RowReport> {
  using shim = buildShim();
  const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'openclaw-sync-'));
  const violations: string[] = [];
  let [struck, stopped, states] = [0, 0, 0];
  try {
    for (let n = 0; struck < count && n < count * 2; n++) {
      const random = seededRandom(Math.imul(seed + n, 0x9e3779b1));
      const big = n % BIG_EVERY === BIG_EVERY - 1;
      const work = join(dir, String(n));
      mkdirSync(work);
      using control = openControl(join(work, 'control'));
      const skip = Math.floor(random.float() * (big ? 50 : 40));
      const mode = random.float() < 0.5 ? 1 : -1;
      control.order({ syncSkip: skip, syncMode: mode });
      const session: Session = { seed: seed + n, runs: big ? 8 : 14, bigChars: big ? 60_000 : 0, end: 'close' };
      const failing = await recordWorkload(work, shim.path, [session], control, true);
      const failed = control.counted('syncsFailed') > 0;
      control.relent();
      const next = await recordWorkload(work, shim.path, [{ ...session, seed: seed + n + 1, runs: 3, bigChars: 0 }], control);
      const where = `case ${n} (${mode < 0 ? 'each sync' : 'one sync'} after ${skip}${big ? ', long log' : ''})`;
      if (failed) {
        struck++;
        const operations = parseLog(next.log);
        const found = judgeStop(operations, failing.codes, next.codes);
        if (failing.codes[0] === 3) stopped++;
        const lost = await losePower({ operations, seed: seed + n, states: STATES, fromFailure: true, dir: work });
        states += lost.states;
        found.push(...lost.violations);
        if (found.length > 0) {
          const kept = join(tmpdir(), `openclaw-sync-${seed + n}.log`);
          writeFileSync(kept, next.log);
          violations.push(...found.map((says) => `${where}, kept as ${kept}: ${says} ${failing.complaints}${next.complaints}`.trimEnd()));
        }
      }
      rmSync(work, { recursive: true, force: true });
      if (n % 10 === 9) say(`  ${struck} cases, ${violations.length} violations`);
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return { cases: struck, violations, figures: { 'stores that stopped': stopped, 'states of lost power': states } };
}

/** The process ended by itself, with a word for it or at its own end, and acknowledged nothing after the word. */
function judgeStop(operations: readonly Operation[], codes: readonly (number | string)[], next: readonly (number | string)[]): string[] {
  const found: string[] = [];
  const promises = noPromises();
  for (const operation of operations) if (operation.kind === 'mark') heed(promises, JSON.parse(operation.text) as Mark);
  if (promises.afterFailure.length > 0) found.push(`${promises.afterFailure.length} acknowledgements after the store had failed`);
  if (codes[0] !== 3 && codes[0] !== 0) found.push(`the process ended with ${codes[0]}`);
  if (next[0] !== 0) found.push(`the next process ended with ${next[0]}`);
  return found;
}
