import type { AgentResult, Flow, TaskArgs, TaskResult } from '@openclaw-runtime/agent/shipped';
import { OpenClawError } from '@openclaw-runtime/protocol';

export interface Task {
  /** By name, in order: in a review the first works and the last judges. */
  readonly agents: readonly string[];
  readonly task: string;
  /** Default: `review` where `reviewer` comes last after others, else `parallel`. */
  readonly flow?: Flow;
  /** Of a review, at most. Default 3. */
  readonly rounds?: number;
}

/** What a task came to; `run` is its own, whose children are those of the agents. */
export interface TaskOutcome extends TaskResult {
  readonly run: string;
}

export type { AgentResult, Flow, TaskResult };

/** What the operation of the agent `task` is given. Throws `BAD_REQUEST` for a task that is none, or that has more than `maxPerTask` agents. */
export function argsOf(
  { agents, task, flow = flowOf(agents), rounds }: Task,
  maxPerTask: number,
): Omit<TaskArgs, 'rounds'> & { readonly rounds?: number } {
  if (agents.length === 0) throw wrong('The task has no agents. Name those that are to work on it.');
  if (agents.length > maxPerTask)
    throw wrong(`The task has ${agents.length} agents, and maxPerTask is ${maxPerTask}. Name fewer, or raise maxPerTask.`);
  const twice = agents.find((agent, i) => agents.indexOf(agent) !== i);
  if (twice !== undefined) throw wrong(`The task names agent ${twice} twice. Name each once.`);
  if (task === '') throw wrong('The task says nothing. Write what is to be done.');
  if (flow === 'review' && agents.length < 2) throw wrong('A review needs two agents or more: the first works, the last judges.');
  return { agents: [...agents], task, flow, ...(rounds === undefined ? {} : { rounds }) };
}

/** Throws `NOT_FOUND` for agents that the house does not have. */
export function checkKnown(agents: readonly string[], known: readonly string[]): void {
  const unknown = agents.filter((agent) => !known.includes(agent));
  if (unknown.length > 0)
    throw new OpenClawError('NOT_FOUND', `There is no agent ${unknown.join(', ')}. Known: ${known.toSorted().join(', ')}.`);
}

function flowOf(agents: readonly string[]): Flow {
  return agents.length > 1 && agents.at(-1) === 'reviewer' ? 'review' : 'parallel';
}

function wrong(message: string): OpenClawError {
  return new OpenClawError('BAD_REQUEST', message);
}
