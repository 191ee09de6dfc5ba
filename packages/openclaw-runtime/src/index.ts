export {
  type ClientEvents,
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
export type { Interval, LearnerState, Outcome, Prediction } from '@openclaw-runtime/reasoning';
export type { Analysis, AnalyzeAsked } from './agent/analysis.ts';
export { type ExecuteResult, OpenClawAgent } from './agent/open-claw-agent.ts';
export type { OpenClawAgentOptions, RunBudget } from './agent/options.ts';
export type { AgentSnapshot } from './agent/snapshots.ts';
export type { Execute, ExecuteOperation, ExecuteQuery } from './agent/what.ts';
export { createHouse, type HouseOptions } from './house/create-house.ts';
export type { EmbeddedHouse } from './house/embedded.ts';
export { type ClientOptions, OpenClawClient } from './node-client.ts';
export type { AgentResult, Flow, Task, TaskOutcome, TaskResult } from './pool/task.ts';
export { ThreadPool, type ThreadPoolOptions } from './pool/thread-pool.ts';
export type { AskedOf } from './reasoning/asked.ts';
export { AdaptiveCostEstimator, type EstimateAsked, type Estimating } from './reasoning/cost-estimator.ts';
export type { CostEstimate, EstimateFields, ReasoningLevel } from './reasoning/estimate.ts';
export { type Predicted, ReasoningLevelPredictor, type ReasoningPredictorOptions } from './reasoning/predictor.ts';
