import type { AgentSpec } from '@openclaw-runtime/agent';
import type { ModelBroker } from '@openclaw-runtime/model';
import { type Message, OpenClawError, type RunRequest } from '@openclaw-runtime/protocol';
import { metersOf } from './course.ts';
import { deliveredOf } from './ladder.ts';
import type { Given } from './messages.ts';
import type { Replay } from './replay.ts';
import type { Turn } from './sessions.ts';
import type { Resume, StepCall } from './step.ts';

export interface QuestionHouse {
  readonly agents: ReadonlyMap<string, AgentSpec>;
  readonly broker: ModelBroker;
  readonly defaultModel: string;
}

export interface Question {
  readonly step: number;
  readonly turn: Turn | undefined;
  /** What was said behind the run's input. */
  readonly dialogue: readonly Message[];
  /** The messages that a new step is the first to answer. */
  readonly answers: readonly Given[];
  /** Of a step that an earlier owner began. */
  readonly replay: Replay | undefined;
}

/** What a step asks of which model. Throws `NOT_FOUND` for an agent that is none. */
export function stepCall(asked: RunRequest, deps: QuestionHouse, { step, turn, dialogue, answers, replay }: Question): StepCall {
  const agent = deps.agents.get(asked.agent);
  if (!agent) throw new OpenClawError('NOT_FOUND', `There is no agent ${asked.agent}. Known: ${[...deps.agents.keys()].join(', ')}.`);
  const system: readonly Message[] = agent.instructions ? [{ role: 'system', content: agent.instructions }] : [];
  const wanted = asked.model ?? agent.model ?? deps.defaultModel;
  const model = known(deps.broker, replay?.course.began) ?? wanted;
  const messages = [...system, ...(turn?.messages ?? []), ...messagesOf(asked), ...(turn?.held ?? []), ...dialogue];
  const call = { step, model, messages, tools: asked.tools };
  const last = replay?.fold.steps.at(-1);
  if (last && replay) {
    const cause = new OpenClawError('STORE_FAILED', 'the process that owned the run died');
    return { ...call, resume: { ...resumeOf(deps.broker, replay), delivered: deliveredOf(last), cause } };
  }
  return answers.length > 0 ? { ...call, answers: answers.map(({ command }) => command) } : call;
}

/** Where an earlier owner was with the step, as far as its models are still there. */
function resumeOf(broker: ModelBroker, { course, fold }: Replay): Omit<Resume, 'delivered' | 'cause'> {
  const { asked, kept } = course;
  const keeper = known(broker, kept?.model);
  return {
    meters: metersOf(course, deliveredOf(fold.steps.at(-1))),
    asked,
    spoke: known(broker, course.spoke),
    kept: keeper === undefined ? undefined : kept,
  };
}

function known(broker: ModelBroker, model: string | undefined): string | undefined {
  try {
    if (model !== undefined) broker.info(model);
    return model;
  } catch {
    return undefined;
  }
}

export function messagesOf({ input }: RunRequest): readonly Message[] {
  return typeof input === 'string' ? [{ role: 'user', content: input }] : input;
}
