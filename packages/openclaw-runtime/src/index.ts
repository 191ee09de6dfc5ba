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
  type SendOptions,
  type SnapshotItem,
  type Tier,
  type TokenMeta,
} from '@openclaw-runtime/client';
export { type ExecuteResult, OpenClawAgent } from './agent/open-claw-agent.ts';
export type { OpenClawAgentOptions } from './agent/options.ts';
export type { AgentSnapshot } from './agent/snapshots.ts';
export type { Execute, ExecuteOperation, ExecuteQuery } from './agent/what.ts';
export { createHouse, type HouseOptions } from './house/create-house.ts';
export type { EmbeddedHouse } from './house/embedded.ts';
export { OpenClawClient } from './node-client.ts';
export type { AgentResult, Flow, Task, TaskOutcome, TaskResult } from './pool/task.ts';
export { ThreadPool, type ThreadPoolOptions } from './pool/thread-pool.ts';
