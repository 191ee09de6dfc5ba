import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Random, seededRandom } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { openSqliteStore, type Store } from '@openclaw-runtime/store';
import type { Operation } from '../shim/log.ts';
import { createDisk, type Disk } from './disk.ts';
import { goOn, judgeAgain, judgeState } from './judge-state.ts';
import { heed, type Mark, noPromises, type Promises } from './marks.ts';
import { openState } from './open-state.ts';

export interface Losses {
  readonly operations: readonly Operation[];
  /** Where chance begins: with the same operations, the same states. */
  readonly seed: number;
  readonly states: number;
  /** Only after the first failure of a sync. */
  readonly fromFailure?: boolean;
  /** Where states are built; its file system should be in memory. */
  readonly dir: string;
}

export interface Lost {
  readonly states: number;
  /** States in which text that was acknowledged as `process` was gone. */
  readonly shorter: number;
  readonly violations: readonly string[];
}

/** Every so many states the store is opened as a server opens it, with its thread, and goes on. */
const WHOLE_EVERY = 25;

/** Loses power at many moments of what was recorded, and opens the store on what is left. */
export async function losePower({ operations, seed, states, fromFailure = false, dir }: Losses): Promise<Lost> {
  const random = seededRandom(seed);
  const failure = fromFailure ? operations.findIndex((operation) => operation.kind === 'synced' && operation.failed) : 0;
  const moments = momentsOf(operations, Math.max(failure, 0), states, random);
  const disk = createDisk(seededRandom(seed + 1));
  const promises = noPromises();
  const violations: string[] = [];
  let shorter = 0;
  let n = 0;
  for (const [at, operation] of operations.entries()) {
    while (moments[n] === at) {
      const verdict = await strike(disk, promises, join(dir, `state-${n % 2}`), random, n % WHOLE_EVERY === 0);
      if (verdict.shorter) shorter++;
      violations.push(...verdict.found.map((says) => `state ${n} (before operation ${at}, ${verdict.left}): ${says}`));
      n++;
    }
    if (operation.kind === 'mark') heed(promises, JSON.parse(operation.text) as Mark);
    else disk.take(operation);
  }
  return { states: n, shorter, violations };
}

/** Where power is lost: half of the moments right before a sync, when most hangs on it. */
function momentsOf(operations: readonly Operation[], from: number, states: number, random: Random): readonly number[] {
  const syncs = operations.flatMap(({ kind }, at) => (kind === 'synced' && at > from ? [at] : []));
  const any = (): number => from + 1 + Math.floor(random.float() * (operations.length - from - 1));
  const beforeSync = (): number => syncs[Math.floor(random.float() * syncs.length)] ?? any();
  return Array.from({ length: states }, () => (random.float() < 0.5 ? beforeSync() : any())).sort((a, b) => a - b);
}

interface Verdict {
  readonly left: string;
  readonly shorter: boolean;
  readonly found: readonly string[];
}

async function strike(disk: Disk, promises: Promises, folder: string, random: Random, whole: boolean): Promise<Verdict> {
  const left = disk.writeState(folder, random);
  try {
    const verdict = await opened(folder, whole, (store) => judgeState(store, promises));
    const found = [...verdict.found];
    if (whole && found.length === 0) {
      const ends = await opened(folder, true, (store) => goOn(store, promises));
      found.push(...(await opened(folder, false, (store) => judgeAgain(store, ends))));
    }
    return { left, shorter: verdict.shorter, found };
  } catch (error) {
    const { code, message } = OpenClawError.from(error);
    return { left, shorter: false, found: [`it does not open: ${code}: ${message}`] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function opened<T>(folder: string, whole: boolean, look: (store: Store) => Promise<T>): Promise<T> {
  const store = whole ? await openSqliteStore({ folder }) : openState(folder);
  try {
    return await look(store);
  } finally {
    await store.close();
  }
}
