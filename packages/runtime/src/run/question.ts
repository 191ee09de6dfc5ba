import type { AgentSpec, ModelCall } from '@openclaw-runtime/agent';
import type { ModelBroker } from '@openclaw-runtime/model';
import { type Message, OpenClawError, type RunRequest, type Settings, type ToolSpec } from '@openclaw-runtime/protocol';
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
  readonly tools: readonly ToolSpec[] | undefined;
  /** The messages that a new step is the first to answer. */
  readonly answers: readonly Given[];
  /** Of a step that an earlier owner began. */
  readonly replay: Replay | undefined;
}

const NO_MESSAGES: readonly Message[] = [];

/** What a step asks of which model. Throws `NOT_FOUND` for an agent that is none. */
export function stepCall(asked: RunRequest, deps: QuestionHouse, { step, turn, dialogue, tools, answers, replay }: Question): StepCall {
  const agent = agentOf(asked, deps);
  const messages = [...systemOf(agent), ...(turn?.messages ?? []), ...messagesOf(asked), ...(turn?.held ?? []), ...dialogue];
  const call = { step, model: modelOf(asked, agent, deps, replay), messages, tools, ...settingsOf(asked, step) };
  if (replay?.fold.steps.length) return { ...call, resume: resumeOf(deps.broker, replay) };
  return answers.length > 0 ? { ...call, answers: answers.map(({ command }) => command) } : call;
}

/** What a step of an operation asks. `replay`: of a step that an earlier owner began. */
export function operationCall(
  asked: RunRequest,
  deps: QuestionHouse,
  { messages, model, tools }: ModelCall,
  step: number,
  replay: Replay | undefined,
): StepCall {
  const agent = agentOf(asked, deps);
  const system = messages.some(({ role }) => role === 'system') ? NO_MESSAGES : systemOf(agent);
  const wanted = modelOf({ model: model ?? asked.model }, agent, deps, replay);
  const call = { step, model: wanted, messages: system.length > 0 ? [...system, ...messages] : messages, tools };
  return replay ? { ...call, resume: resumeOf(deps.broker, replay) } : call;
}

/** Throws `NOT_FOUND` with the known names. */
export function agentOf<A extends AgentSpec>(
  { agent: name }: Pick<RunRequest, 'agent'>,
  { agents }: { readonly agents: ReadonlyMap<string, A> },
): A {
  const agent = agents.get(name);
  if (!agent) throw new OpenClawError('NOT_FOUND', `There is no agent ${name}. Known: ${[...agents.keys()].join(', ')}.`);
  return agent;
}

function systemOf({ instructions }: AgentSpec): readonly Message[] {
  return instructions ? [{ role: 'system', content: instructions }] : NO_MESSAGES;
}

/** A tool that has to be called is called in the first step: later ones could not end otherwise. */
function settingsOf({ settings }: RunRequest, step: number): { readonly settings?: Settings } {
  if (!settings) return {};
  if (step === 1 || settings.toolChoice === 'none') return { settings };
  const { toolChoice: _, ...others } = settings;
  return { settings: others };
}

function modelOf(
  { model }: { readonly model?: string | undefined },
  agent: AgentSpec,
  { broker, defaultModel }: QuestionHouse,
  replay: Replay | undefined,
): string {
  return known(broker, replay?.course.began) ?? model ?? agent.model ?? defaultModel;
}

/** Where an earlier owner was with the step, as far as its models are still there. */
function resumeOf(broker: ModelBroker, { course, fold }: Replay): Resume {
  const { asked, kept } = course;
  const keeper = known(broker, kept?.model);
  const delivered = deliveredOf(fold.steps.at(-1));
  return {
    delivered,
    meters: metersOf(course, delivered),
    asked,
    spoke: known(broker, course.spoke),
    kept: keeper === undefined ? undefined : kept,
    cause: new OpenClawError('STORE_FAILED', 'the process that owned the run died'),
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
