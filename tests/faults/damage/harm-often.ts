import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@openclaw-runtime/kit';
import { type Damage, openSqliteStore, type Store, verifyFolder } from '@openclaw-runtime/store';
import { openState } from '../power/open-state.ts';
import type { RowOptions, RowReport } from '../rows/report.ts';
import { harmFolder } from './harm.ts';
import { type Answers, judgeHarm } from './judge-harm.ts';
import { makeTruths, type Truth } from './truth.ts';

/** Cases at once, and of one source of data. */
const AT_ONCE = 3;
const SHARE = 100;
/** Every so many cases the folder is verified first, and opened as a server opens it, with threads, whose start takes most of the time. */
const WHOLE_EVERY = 5;

/** Harms `count` copies of data folders, one place each, and asks them for everything. */
export async function harmOften({ seed, count, say }: RowOptions): Promise<RowReport> {
  const dir = mkdtempSync(join(tmpdir(), 'openclaw-damage-'));
  const violations: string[] = [];
  const total: Answers = new Map();
  let overlooked = 0;
  try {
    for (let from = 0; from < count; from += SHARE) {
      const work = join(dir, String(from));
      const truths = await makeTruths(work, seededRandom(seed + from));
      const to = Math.min(count, from + SHARE);
      let next = from;
      const worker = async (): Promise<void> => {
        for (let n = next++; n < to; n = next++) {
          const { answers, says, isOverlooked } = await harmOnce(
            join(work, `case-${n}`),
            truths[n % 2] as Truth,
            seed * 1_000_003 + n,
            n % WHOLE_EVERY === 0,
          );
          if (says !== undefined) violations.push(`case ${n}: ${says}`);
          if (isOverlooked) overlooked++;
          for (const [answer, times] of answers) total.set(answer, (total.get(answer) ?? 0) + times);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      rmSync(work, { recursive: true, force: true });
      say(`  ${to} cases, ${violations.length} violations`);
      if (violations.length > 50) break;
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  if (!total.has('right')) violations.push('nothing was right: the row asked for nothing');
  return { cases: count, violations, figures: { ...Object.fromEntries(total), 'overlooked by verify': overlooked } };
}

interface Case {
  readonly answers: Answers;
  readonly says?: string;
  readonly isOverlooked: boolean;
}

async function harmOnce(folder: string, truth: Truth, seed: number, isVerified: boolean): Promise<Case> {
  cpSync(truth.folder, folder, { recursive: true });
  const what = harmFolder(folder, seededRandom(seed));
  try {
    const damaged: readonly Damage[] = isVerified
      ? await verifyFolder(folder).then(
          (report) => report.damaged,
          (error: Error) => [{ what: error.message, repair: '' }],
        )
      : [];
    const answers = await judgeHarm(folder, truth, isVerified ? openWhole : (path) => openState(path, bootId()));
    const isOverlooked =
      isVerified && damaged.length === 0 && [...answers.keys()].some((answer) => answer !== 'right') && !/key|mark/.test(what);
    if (isOverlooked)
      return { answers, isOverlooked, says: `${what}: a verification found nothing, the folder answered ${JSON.stringify([...answers])}` };
    return { answers, isOverlooked };
  } catch (error) {
    return { answers: new Map(), isOverlooked: false, says: `${what}: ${(error as Error).message}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function openWhole(folder: string): Promise<Store> {
  return openSqliteStore({ folder, cacheChars: 0, gap: { minMs: 0, maxMs: 0 } });
}

/** The folder was left in this boot of the machine: no power was lost since. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
