import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { encodeRecord, NO_USAGE, OpenClawError } from '@openclaw-runtime/protocol';
import { type Lease, openSqliteStore, type RunKey, runKey, type SqliteOptions, type Store } from '@openclaw-runtime/store';
import { expect } from 'vitest';

export const CREATED = encodeRecord('run.created', 0, 0, { agent: 'default', input: 'q', at: 7, fingerprint: 'f' });
export const FINISHED = encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE });
export const STARTED = encodeRecord('step.started', 1, 1, { model: 'm' });

export function text(payload: string): string {
  return encodeRecord('text', 1, 1, payload);
}

/** Keys as real ones are: a tenant and 22 characters. */
export function keyOf(name: string): RunKey {
  return runKey('t', name.padEnd(22, '_'));
}

/** A folder for folders, gone at the end of the block. */
export function workplace(): { in(name: string): string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'openclaw-store-'));
  return { in: (name) => join(path, name), [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export interface OpenHouse extends AsyncDisposable {
  readonly store: Store;
  readonly leases: Lease[];
  /** Creates a run and writes records to it, each in a commit of its own. */
  run(key: RunKey, records: readonly string[], done?: boolean): Promise<Lease>;
}

export async function openHouse(folder: string, options: Omit<SqliteOptions, 'folder'> = {}): Promise<OpenHouse> {
  return houseOf(await openSqliteStore({ folder, cacheChars: 0, gap: { minMs: 0, maxMs: 0 }, ...options }));
}

export function houseOf(store: Store): OpenHouse {
  const leases: Lease[] = [];
  store.queue.consume('test', 100_000, { leased: (lease) => leases.push(lease), command: () => undefined, lost: () => undefined });
  return {
    store,
    leases,
    async run(key, records, done = false) {
      await store.runs.create(key, CREATED, 'f');
      const lease = leases.find((each) => each.key === key) as Lease;
      for (const record of records) {
        lease.append([record], 'process');
        await lease.settled();
      }
      if (done) lease.append([FINISHED], 'disk', true);
      await lease.settled();
      return lease;
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
}

/** Until a run's snapshot is behind this record and what folds it has no more to do: a crash image is to be of one moment. */
export async function foldedBehind(store: Store, key: RunKey, seq: number): Promise<void> {
  const seqNow = async (): Promise<number> => (await store.runs.snapshot(key))?.seq ?? 0;
  let before = -1;
  await expect
    .poll(
      async () => {
        const last = before;
        before = await seqNow();
        return before > seq && before === last;
      },
      { interval: 100, timeout: 30_000 },
    )
    .toBe(true);
}

/** All records of a run; where its beginning is gone, those after it. */
export async function recordsOf(store: Store, key: RunKey): Promise<string[]> {
  const records: string[] = [];
  for (let after = 0; ; ) {
    const { chunk, snapshot } = await store.runs.read(key, after, 1 << 20);
    if (chunk) records.push(...(JSON.parse(`[${chunk.body}]`) as unknown[]).map((record) => JSON.stringify(record)));
    else if (!snapshot) return records;
    after = snapshot ? snapshot.seq : (chunk?.first ?? 0) + (chunk?.count ?? 0) - 1;
  }
}

/** What a process that died now would leave. */
export function crashImage(folder: string, copy: string): string {
  rmSync(copy, { recursive: true, force: true });
  cpSync(folder, copy, { recursive: true });
  return copy;
}

export function edit(folder: string, sql: string): void {
  const db = new DatabaseSync(join(folder, 'openclaw.db'));
  db.exec(sql);
  db.close();
}

export async function codeOf(act: () => unknown): Promise<string> {
  try {
    await act();
    return 'nothing was thrown';
  } catch (error) {
    return OpenClawError.from(error).code;
  }
}
