import type { AgentSpec } from './agent.ts';
import type { AgentCard, OperationCard } from './card.ts';
import { checkReasoning } from './check-reasoning.ts';
import { checkName, checkNumber, shown, wrong } from './names.ts';
import { type OperationDefinition, type OperationFunction, type OperationOptions, operation } from './operation.ts';
import type { ToolDefinition } from './tool.ts';

/** Operations by name: functions, or functions with what else is to be said of them. */
export type Operations<S> = Readonly<Record<string, OperationFunction<S> | OperationOptions<S>>>;

/** An agent as its author writes it; `S` is its state. */
export interface AgentOptions<S, O extends Operations<S>> extends Omit<AgentSpec, 'permissions'> {
  /** Of state and operations, from 1; default 1. Goes up when saved state has to be read otherwise. */
  readonly version?: number;
  /** The state of an operation that starts for the first time; default `undefined`. */
  readonly state?: () => S;
  /** Makes state of this version of what version `from` saved. Absent: such state is refused with `AGENT_VERSION`. */
  readonly migrate?: (old: unknown, from: number) => NoInfer<S> | Promise<NoInfer<S>>;
  readonly tools?: readonly ToolDefinition[];
  readonly operations?: O;
  /** A thread of its own; default false. */
  readonly dedicated?: boolean;
  /** Milliseconds between two states that `checkpoint` saves; default 0: each. */
  readonly snapshotIntervalMs?: number;
  /** MiB of heap that its thread may take; default: the pool's. */
  readonly maxHeapMiB?: number;
  /** Whether an answer of its model's is right, or how far, 0..1. One that is not, and was given below level 3, is given again at level 3; both are learned from. */
  readonly check?: AnswerCheck;
}

/** Judges an answer to what was asked last. */
export type AnswerCheck = (
  answer: string,
  asked: { readonly query: string; readonly signal: AbortSignal },
) => boolean | number | Promise<boolean | number>;

/** What {@link defineAgent} makes, and a module exports as its default. */
export interface AgentDefinition<S = unknown, O = unknown> {
  readonly spec: AgentSpec;
  readonly version: number;
  readonly state: () => S;
  readonly migrate: ((old: unknown, from: number) => S | Promise<S>) | undefined;
  readonly tools: ReadonlyMap<string, ToolDefinition>;
  readonly operations: ReadonlyMap<string, OperationDefinition<S>>;
  readonly uses: readonly string[];
  readonly dedicated: boolean;
  readonly snapshotIntervalMs: number;
  readonly maxHeapMiB: number | undefined;
  readonly check: AnswerCheck | undefined;
  /** For types only: never there. */
  readonly declared?: O;
}

/** What an operation of an agent takes: `ArgsOf<typeof agent, 'train'>`. */
export type ArgsOf<D, N extends string> = OperationNamed<D, N> extends (context: never, args: infer A) => unknown ? A : never;

/** What an operation of an agent returns. */
export type ResultOf<D, N extends string> = OperationNamed<D, N> extends (...args: never) => infer R ? Awaited<R> : never;

type OperationNamed<D, N extends string> =
  D extends AgentDefinition<infer _, infer O>
    ? O extends { readonly [K in N]: infer P }
      ? P extends { readonly run: infer F }
        ? F
        : P
      : never
    : never;

/** Another copy of this package makes definitions that this one knows. */
const BRAND = Symbol.for('openclaw-runtime.agent');

/** An agent with code. Throws `BAD_CONFIG` with what is wrong with it. */
export function defineAgent<S = undefined, const O extends Operations<S> = Operations<S>>(
  options: AgentOptions<S, O>,
): AgentDefinition<S, O> {
  const { name, description, instructions, model, reasoning, version = 1, snapshotIntervalMs = 0, maxHeapMiB } = options;
  checkName('An agent', name);
  if (!Number.isSafeInteger(version) || version < 1) throw wrong(`version of agent ${name} is ${shown(version)}. Count from 1.`);
  checkNumber(`snapshotIntervalMs of agent ${name}`, snapshotIntervalMs, 0, Number.MAX_SAFE_INTEGER);
  checkNumber(`maxHeapMiB of agent ${name}`, maxHeapMiB, 16, 1024 * 1024);
  const definition: AgentDefinition<S, O> = {
    spec: {
      name,
      ...(description === undefined ? {} : { description }),
      ...(instructions === undefined ? {} : { instructions }),
      ...(model === undefined ? {} : { model }),
      ...(reasoning === undefined ? {} : { reasoning: checkReasoning(name, reasoning) }),
    },
    version,
    state: options.state ?? (() => undefined as S),
    migrate: options.migrate,
    tools: toolsOf(name, options.tools ?? []),
    operations: operationsOf<S>(options.operations ?? {}),
    uses: [...(options.uses ?? [])],
    dedicated: options.dedicated ?? false,
    snapshotIntervalMs,
    maxHeapMiB,
    check: options.check,
  };
  if (options.check !== undefined && typeof options.check !== 'function') throw wrong(`check of agent ${name} is no function.`);
  Object.defineProperty(definition, BRAND, { value: true });
  return definition;
}

/** Whether `defineAgent`, of this copy of the package or another, made it. */
export function isAgentDefinition(thing: unknown): thing is AgentDefinition {
  return typeof thing === 'object' && thing !== null && BRAND in thing;
}

/** What is known of an agent outside its thread. */
export function cardOf(definition: AgentDefinition): AgentCard {
  const { spec, version, tools, operations, uses, dedicated, snapshotIntervalMs, maxHeapMiB, check } = definition;
  const { description, instructions, model, reasoning } = spec;
  return {
    ...(description === undefined ? {} : { description }),
    ...(instructions === undefined ? {} : { instructions }),
    ...(model === undefined ? {} : { model }),
    ...(reasoning === undefined ? {} : { reasoning }),
    version,
    tools: [...tools.values()].map(({ card }) => card),
    operations: [...operations].map(([name, { description, timeoutMs }]) => operationCard(name, description, timeoutMs)),
    uses,
    dedicated,
    snapshotIntervalMs,
    ...(maxHeapMiB === undefined ? {} : { maxHeapMiB }),
    ...(check === undefined ? {} : { checks: true as const }),
  };
}

function operationCard(name: string, description: string | undefined, timeoutMs: number | undefined): OperationCard {
  return { name, ...(description === undefined ? {} : { description }), ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}

function toolsOf(agent: string, tools: readonly ToolDefinition[]): ReadonlyMap<string, ToolDefinition> {
  const byName = new Map<string, ToolDefinition>();
  for (const made of tools) {
    const name = (made as ToolDefinition | undefined)?.card?.name;
    if (name === undefined)
      throw wrong(`tools of agent ${agent} has something that tool() did not make. Write tool({ name, input, execute }).`);
    if (byName.has(name)) throw wrong(`Agent ${agent} has two tools named ${name}. Give one of them another name.`);
    byName.set(name, made);
  }
  return byName;
}

function operationsOf<S>(operations: Operations<S>): ReadonlyMap<string, OperationDefinition<S>> {
  return new Map(
    Object.entries(operations).map(([name, given]) => {
      checkName('An operation', name);
      return [name, operation(given)];
    }),
  );
}
