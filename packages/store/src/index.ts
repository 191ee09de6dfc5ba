export { addToBudget, readAdded } from './budget/added.ts';
export { type Amounts, budgetOf, type Limits, limitsOf, minus, NOTHING, plus, UNITS, type Unit } from './budget/amounts.ts';
export {
  closeEntry,
  emptyLedger,
  encodeEntry,
  encodeLedger,
  type Ledger,
  leftOf,
  openOf,
  parseLedger,
  type RunEntry,
  type Totals,
  totalsOf,
} from './budget/ledger.ts';
export { type BudgetLimits, dayAfter, dayOf, LIMITS_KEY, ledgerKey, SCOPES, type ScopeKind, type ScopeName } from './budget/scope.ts';
export {
  type Backup,
  type Chunk,
  type Command,
  type CompactReport,
  type Consumer,
  type Created,
  type Damage,
  type Durability,
  type Erased,
  type EraseOptions,
  type EraseReport,
  type Erasure,
  type Head,
  type Inbox,
  type Lease,
  type ListQuery,
  type Member,
  type Page,
  type Presence,
  type Queue,
  type QueueLine,
  type RetentionPolicy,
  type RetentionRules,
  type RunKey,
  type RunList,
  type RunSummary,
  type Runs,
  runKey,
  runOf,
  type Snapshot,
  type State,
  type Store,
  tenantOf,
  type Upkeep,
  type VerifyOptions,
  type VerifyReport,
  type Versioned,
} from './contract/store.ts';
export type { EngineMeter, LeaseMeter, MeteredRun } from './hall/engine-meter.ts';
export { createMemoryStore, type MemoryOptions } from './memory/memory-store.ts';
export { type Restored, type RestoreOptions, restoreBackup } from './sqlite/restore.ts';
export { openSqliteStore, type SqliteOptions } from './sqlite/sqlite-store.ts';
export { verifyFolder } from './sqlite/verify-folder.ts';
