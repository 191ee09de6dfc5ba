import type { ErrorBody } from '@openclaw-runtime/protocol';
import { z } from 'zod';
import type { ChildAnswer } from '../port.ts';
import type { Verdict } from './verdict.ts';

/** `parallel`: all at once. `sequence`: each is told what those before it said. `review`: the first works, those between look at it, the last one judges; again until it accepts. */
export type Flow = 'parallel' | 'sequence' | 'review';

const FLOWS: readonly Flow[] = ['parallel', 'sequence', 'review'];
const MAX_AGENTS = 16;
const MAX_ROUNDS = 20;

/** What the operation `flow` of the agent `task` takes. */
export const taskSchema = z
  .strictObject({
    agents: z.array(z.string().min(1)).min(1).max(MAX_AGENTS),
    task: z.string().min(1),
    flow: z.enum(FLOWS),
    /** Of `review`. */
    rounds: z.int().min(1).max(MAX_ROUNDS).default(3),
    /** Milliseconds for each agent's turn; what was not done by then counts as timed out. */
    timeoutMs: z.number().positive().exactOptional(),
  })
  .refine(({ agents }) => new Set(agents).size === agents.length, { path: ['agents'], message: 'an agent is named twice' })
  .refine(({ agents, flow }) => flow !== 'review' || agents.length > 1, {
    path: ['agents'],
    message: 'a review needs two agents or more: who works comes first, who judges last',
  });

export type TaskArgs = z.output<typeof taskSchema>;

/** What one agent's last turn came to. */
export interface AgentResult {
  readonly run: string;
  readonly status: ChildAnswer['status'];
  readonly text: string;
  readonly verdict?: Verdict;
  readonly error?: ErrorBody;
}

export interface TaskResult {
  /** By the agents' names. */
  readonly results: Readonly<Record<string, AgentResult>>;
  /** What the last verdict says; absent where there was none to give. */
  readonly accepted?: boolean;
  /** From 1. */
  readonly rounds: number;
}
