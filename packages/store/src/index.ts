export {
  type Chunk,
  type Command,
  type Consumer,
  type Created,
  type Durability,
  type Head,
  type Inbox,
  type Lease,
  type Member,
  type Page,
  type Presence,
  type Queue,
  type RunKey,
  type Runs,
  runKey,
  type Snapshot,
  type State,
  type Store,
  type Versioned,
} from './contract/store.ts';
export { createMemoryStore, type MemoryOptions } from './memory/memory-store.ts';
export { openSqliteStore, type SqliteOptions } from './sqlite/sqlite-store.ts';
