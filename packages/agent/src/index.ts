export type { AgentSpec } from './agent.ts';
