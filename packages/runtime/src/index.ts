export type { Loss, PoolTimeouts, ThreadPoolOptions } from './pool/options.ts';
export type { SpawnThread } from './pool/thread.ts';
export { createThreadPool } from './pool/thread-pool.ts';
export type { AgentThreads, ThreadCall, ThreadsStatus } from './pool/threads.ts';
export { createWorkers, type WorkerOptions } from './pool/worker.ts';
export { RUN_LIMITS, type RunLimits } from './run/limits.ts';
export { type Runtime, type RuntimeOptions, startRuntime } from './runtime.ts';
export { startUpkeep, type UpkeepLoop, type UpkeepOptions } from './upkeep.ts';
