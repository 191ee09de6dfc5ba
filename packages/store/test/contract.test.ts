import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryStore, openSqliteStore, type Store } from '@openclaw-runtime/store';
import { CHECKS } from '@openclaw-runtime/store/suite';
import { describe, test } from 'vitest';

describe.each([
  ['memory', async (_folder: string): Promise<Store> => createMemoryStore()],
  ['sqlite', async (folder: string): Promise<Store> => openSqliteStore({ folder })],
] as const)('the contract, passed by %s', (_name, open) => {
  test.each(CHECKS)('$name', async (check) => {
    const folder = mkdtempSync(join(tmpdir(), 'openclaw-store-'));
    const store = await open(folder);
    try {
      await check.run(store);
    } finally {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
