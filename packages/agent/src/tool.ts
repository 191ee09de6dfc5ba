import { z } from 'zod';
import type { OnInterrupted, ToolCard } from './card.ts';
import { checkNumber, checkToolName, shown, wrong } from './names.ts';
import type { RunFacts } from './port.ts';

/** A tool as its author writes it. */
export interface ToolOptions<I extends z.ZodObject> {
  /** What the model calls it: 1 to 64 letters, digits, `_` and `-`. */
  readonly name: string;
  /** For the model: what it does and when to use it. */
  readonly description?: string;
  /** What it takes. The model is told of it as JSON Schema, and what the model sends is checked with it. */
  readonly input: I;
  /** A string is what the model is told; anything else is told as JSON. What it throws is told as an error. */
  execute(input: z.output<I>, context: ToolContext): unknown;
  /** Whether a call changes anything outside; default true. */
  readonly sideEffects?: boolean;
  /** What becomes of a call whose process died: default `retry` without side effects, else `fail`. */
  readonly onInterrupted?: OnInterrupted;
  /** Default 60,000. */
  readonly timeoutMs?: number;
  /** A person is asked before each call; default false. */
  readonly needsApproval?: boolean;
  /** Names of the secrets that a call is given. */
  readonly secrets?: readonly string[];
}

export interface ToolContext {
  /** Idempotency key: the same for each try of this call, for services that take one. */
  readonly key: string;
  readonly run: RunFacts;
  /** Aborts when the run is cancelled or the tool's time is over. */
  readonly signal: AbortSignal;
  readonly secrets: {
    /** Throws `AGENT_FAILED` for a secret that the tool does not name in `secrets`. */
    get(name: string): string;
  };
}

/** What {@link tool} makes; `I` is its input once it was checked. */
export interface ToolDefinition<I = unknown> {
  readonly card: ToolCard;
  readonly input: z.ZodObject;
  execute(input: I, context: ToolContext): unknown;
}

const MAX_TIMEOUT_MS = 24 * 3600 * 1000;

/** A tool for `defineAgent`. Throws `BAD_CONFIG` with what is wrong with it. */
export function tool<I extends z.ZodObject>(options: ToolOptions<I>): ToolDefinition<z.output<I>> {
  const { name, description, input, sideEffects = true, timeoutMs = 60_000, needsApproval = false, secrets = [] } = options;
  const { onInterrupted = sideEffects ? 'fail' : 'retry' } = options;
  checkToolName(name);
  checkNumber(`timeoutMs of tool ${name}`, timeoutMs, 1, MAX_TIMEOUT_MS);
  if (!['retry', 'ask', 'fail'].includes(onInterrupted)) {
    throw wrong(`onInterrupted of tool ${name} is ${shown(onInterrupted)}. It can be 'retry', 'ask' or 'fail'.`);
  }
  if (typeof options.execute !== 'function') throw wrong(`Tool ${name} has no execute. Write execute(input, context) { … }.`);
  const card: ToolCard = {
    name,
    ...(description === undefined ? {} : { description }),
    parameters: parametersOf(name, input),
    sideEffects,
    onInterrupted,
    timeoutMs,
    needsApproval,
    secrets: [...secrets],
  };
  return { card, input, execute: (given, context) => options.execute(given, context) };
}

function parametersOf(name: string, input: z.ZodObject): ToolCard['parameters'] {
  const internals = (input as z.ZodObject | undefined)?._zod as { readonly def?: { readonly type?: unknown } } | undefined;
  if (internals?.def?.type !== 'object')
    throw wrong(`input of tool ${name} is not an object schema of zod 4. Write input: z.object({ … }).`);
  try {
    const { $schema: _, ...schema } = z.toJSONSchema(input, { io: 'input' });
    return schema;
  } catch (error) {
    throw wrong(
      `input of tool ${name} cannot be told to a model: ${(error as Error).message}. Use what JSON has, and z.transform behind it.`,
    );
  }
}
