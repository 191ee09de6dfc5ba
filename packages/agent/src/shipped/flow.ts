import type { ChildOptions } from '../context.ts';
import type { ChildAnswer } from '../port.ts';
import { nextTry, toJudge, withReports } from './inputs.ts';
import type { AgentResult, TaskArgs, TaskResult } from './task-words.ts';
import { verdictOf } from './verdict.ts';

/** Starts another agent's run and waits for its end. A run that fails is an answer. */
export type RunChild = (agent: string, input: string, options?: ChildOptions) => Promise<ChildAnswer>;

type Turn = (agent: string, input: string) => Promise<AgentResult>;

/** Has the agents of a task work in its flow. The order in which children are started follows from the arguments and what earlier ones answered, so that it is the same after a restart. */
export function carryOut({ agents, task, flow, rounds, timeoutMs }: TaskArgs, run: RunChild): Promise<TaskResult> {
  const turn: Turn = async (agent, input) =>
    resultOf(await run(agent, input, timeoutMs === undefined ? {} : { timeoutMs }), agent === agents.at(-1));
  switch (flow) {
    case 'parallel':
      return inParallel(agents, task, turn);
    case 'sequence':
      return inSequence(agents, task, turn);
    case 'review':
      return inReview(agents, task, rounds, turn);
  }
}

async function inParallel(agents: readonly string[], task: string, turn: Turn): Promise<TaskResult> {
  const results = await all(agents, () => task, turn);
  return ended(results, 1);
}

async function inSequence(agents: readonly string[], task: string, turn: Turn): Promise<TaskResult> {
  const results: Record<string, AgentResult> = {};
  for (const agent of agents) results[agent] = await turn(agent, withReports(task, results));
  return ended(results, 1);
}

async function inReview(agents: readonly string[], task: string, rounds: number, turn: Turn): Promise<TaskResult> {
  const [worker = '', ...others] = agents;
  const judge = others.at(-1) ?? '';
  const lookers = others.slice(0, -1);
  let results: Readonly<Record<string, AgentResult>> = {};
  for (let round = 1; ; round++) {
    const done = { [worker]: await turn(worker, nextTry(task, worker, results)) };
    const looked = await all(lookers, () => withReports(task, done), turn);
    const seen = { ...done, ...looked };
    results = { ...seen, [judge]: await turn(judge, toJudge(task, seen)) };
    const accepted = results[judge]?.verdict?.accept ?? false;
    if (accepted || round === rounds) return { results, accepted, rounds: round };
  }
}

async function all(agents: readonly string[], input: (agent: string) => string, turn: Turn): Promise<Record<string, AgentResult>> {
  const results = await Promise.all(agents.map(async (agent) => [agent, await turn(agent, input(agent))] as const));
  return Object.fromEntries(results);
}

function ended(results: Readonly<Record<string, AgentResult>>, rounds: number): TaskResult {
  const last = Object.values(results).findLast(({ verdict }) => verdict !== undefined)?.verdict;
  return { results, ...(last === undefined ? {} : { accepted: last.accept }), rounds };
}

/** Only who comes last may judge in prose: what others say may be anything, also what somebody else wrote into the files that they read. */
function resultOf(answer: ChildAnswer, isLast: boolean): AgentResult {
  const { run, status, text, error } = answer;
  const verdict = status === 'completed' ? verdictOf({ ...answer, text: isLast ? text : '' }) : undefined;
  return { run, status, text, ...(verdict === undefined ? {} : { verdict }), ...(error === undefined ? {} : { error }) };
}
