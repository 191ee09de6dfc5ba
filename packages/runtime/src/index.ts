export { RUN_LIMITS, type RunLimits } from './run/limits.ts';
export { type Runtime, type RuntimeOptions, startRuntime } from './runtime.ts';
export { startUpkeep, type UpkeepLoop, type UpkeepOptions } from './upkeep.ts';
