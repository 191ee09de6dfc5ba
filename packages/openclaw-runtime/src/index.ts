export {
  type ClientEvents,
  type ClientOptions,
  type Clusters,
  type ErrorCode,
  type Level,
  OpenClawError,
  type Rewind,
  type Run,
  type RunCursor,
  type RunItem,
  type RunOptions,
  type RunResult,
  type SavedRun,
  type SnapshotItem,
  type Tier,
  type TokenMeta,
} from '@openclaw-runtime/client';
export { OpenClawClient } from './node-client.ts';
