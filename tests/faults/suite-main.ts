/** The store's contract suite against sqlite, in a process: prints `{"ready":true,"failures":[…]}`. `node --conditions=openclaw-source suite-main.ts DIR`. */
import { join } from 'node:path';
import { openSqliteStore } from '@openclaw-runtime/store';
import { CHECKS } from '@openclaw-runtime/store/suite';

const failures: string[] = [];
for (const [n, check] of CHECKS.entries()) {
  const store = await openSqliteStore({ folder: join(process.argv[2] ?? '.', String(n)) });
  try {
    await check.run(store);
  } catch (error) {
    failures.push(`${check.name}: ${(error as Error).message}`);
  }
  await store.close();
}
console.log(JSON.stringify({ ready: true, failures }));
