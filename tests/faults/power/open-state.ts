import { systemClock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Store } from '@openclaw-runtime/store';
import { createHall } from '../../../packages/store/src/hall/hall.ts';
import type { Persister } from '../../../packages/store/src/hall/persister.ts';
import { openDatabase } from '../../../packages/store/src/sqlite/database.ts';
import { createDataFile, type DataFile } from '../../../packages/store/src/sqlite/file.ts';
import { checkNotEmptied, openKey } from '../../../packages/store/src/sqlite/key-file.ts';
import { readSnapshot } from '../../../packages/store/src/sqlite/read-snapshot.ts';
import { checkWal, secureWal } from '../../../packages/store/src/sqlite/wal-check.ts';
import { settleWal } from '../../../packages/store/src/sqlite/wal-fit.ts';

/** The store on a folder as another boot finds it, all of it but the thread, whose start would take most of the time. */
export function openState(folder: string, boot = 'after the loss of power'): Store {
  const path = `${folder}/openclaw.db`;
  const opening = { boot, life: 'the judge', wallMs: Date.now() };
  checkNotEmptied(path);
  checkWal(path, opening.boot);
  settleWal(path);
  secureWal(path);
  const database = openDatabase(path, opening.wallMs);
  try {
    const file = createDataFile(database, { path, clock: systemClock, liveChars: 4 << 20, opening });
    const secret = openKey(path, new Uint8Array(32).fill(1), file.hasRuns);
    const recovered = file.recover();
    const options = { clock: systemClock, gap: { minMs: 0, maxMs: 0 }, cacheChars: 1 << 20, maxAliveChars: 1 << 30 };
    return createHall({ ...options, persister: persisterOf(file), recovered, secret });
  } catch (error) {
    if (database.isOpen) database.close();
    throw error;
  }
}

function persisterOf(file: DataFile): Persister {
  const ask = <T>(answer: () => T): Promise<T> => new Promise((resolve) => resolve(answer()));
  const none = (): Promise<never> => Promise.reject(new OpenClawError('NOT_IMPLEMENTED', 'A state is opened to be judged only.'));
  return {
    loads: true,
    commit: (batch) => ask(() => file.commit(batch)),
    load: (key, after, maxBytes) => ask(() => file.load(key, after, maxBytes)),
    snapshot: (key) =>
      readSnapshot(
        () => ask(() => file.snapshot(key)),
        (id) => ask(() => file.part(id)),
      ),
    state: (key) => ask(() => file.state(key)),
    hasCommand: (key, id) => ask(() => file.hasCommand(key, id)),
    list: (tenant, query) => ask(() => file.list(tenant, query)),
    fold: (key) => ask(() => file.fold(key)),
    compact: (what) => ask(() => file.compact(what)),
    erase: (what) => ask(() => file.erase(what)),
    verify: none,
    backup: none,
    close: () => ask(() => file.close()),
  };
}
