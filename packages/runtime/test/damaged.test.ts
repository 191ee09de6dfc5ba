import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteStore, runKey } from '@openclaw-runtime/store';
import { expect, onTestFinished, test } from 'vitest';
import { openTestHouse, said } from './house.ts';

test('a run of which records are lost ends as needs_attention, in a new epoch, and no model is asked', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'openclaw-damaged-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const store = await openSqliteStore({ folder: join(folder, 'data') });
  const key = runKey('t', 'lose me');
  /** Each record is to be in a commit of its own. */
  const kept = async (seq: number): Promise<void> => {
    while ((await store.runs.read(key, 0, 1)).head.seq < seq) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const told = Promise.withResolvers<void>();
  await using first = await openTestHouse(
    [
      async (_request, sink, signal) => {
        await kept(2);
        for (const [i, word] of ['one ', 'two ', 'three '].entries()) {
          sink.text(word);
          await kept(3 + i);
        }
        told.resolve();
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
        return said;
      },
    ],
    { store },
  );
  await first.run('lose me');
  await told.promise;
  cpSync(join(folder, 'data'), join(folder, 'image'), { recursive: true });
  const db = new DatabaseSync(join(folder, 'image', 'openclaw.db'));
  db.exec("UPDATE journal SET body = replace(body, 'two', 'Two')");
  db.close();

  await using second = await openTestHouse([() => said], { store: await openSqliteStore({ folder: join(folder, 'image') }) });
  const records = await second.ended(key);
  expect(records.map(({ kind, data }) => (kind === 'text' ? data : kind))).toEqual(['run.created', 'step.started', 'one ', 'run.finished']);
  expect(records.at(-1)).toMatchObject({ data: { status: 'needs_attention', error: { code: 'DATA_DAMAGED' } } });
  expect((await second.store.runs.read(key, 0, 1)).head.epoch).toBeGreaterThan(1);
  expect(second.requests).toEqual([]);
});
