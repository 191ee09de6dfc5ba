export { shippedAgents } from './shipped.ts';
export type { AgentResult, Flow, TaskArgs, TaskResult } from './task-words.ts';
export type { Verdict } from './verdict.ts';
