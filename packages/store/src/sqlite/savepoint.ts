import type { DatabaseSync } from 'node:sqlite';

/** Does work whole or not at all, as a part of the transaction there is or as one of its own. */
export function atOnce<T>(db: DatabaseSync, work: () => T): T {
  const isPart = db.isTransaction;
  db.exec('SAVEPOINT at_once');
  try {
    const result = work();
    db.exec('RELEASE at_once');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec(isPart ? 'ROLLBACK TO at_once; RELEASE at_once' : 'ROLLBACK');
    throw error;
  }
}
