export { createLossBound, type LossBound, type LossBoundOptions, type LossBoundState, type LossSample } from './bound/loss-bound.ts';
export { type Budget, type Cap, type Choice, type ChoiceInput, chooseLevel } from './choice/choose-level.ts';
export {
  type CostEstimator,
  createCostEstimator,
  type Estimate,
  type EstimateRequest,
  type EstimatorOptions,
  type EstimatorState,
  type Usage,
} from './cost/estimator.ts';
export type { Price } from './cost/expected.ts';
export type { Interval } from './cost/interval.ts';
export { listPriceOf } from './cost/prices.ts';
export { createTokenCounter, type TokenCounter } from './cost/tokens.ts';
export { type Ask, createJudge, type Judge, type JudgeOptions } from './judge/judge.ts';
export type { LearnerState } from './learning/learner.ts';
export type { Outcome } from './learning/outcome.ts';
export { LEVELS, type Level, levelOf } from './level/level.ts';
export type { Prediction } from './predictor/prediction.ts';
export { type Asked, type PredictorOptions, ReasoningLevelPredictor, THRESHOLDS } from './predictor/predictor.ts';
export { FEATURES, type Feature } from './scorer/score.ts';
