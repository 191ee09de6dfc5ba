import type { HouseTool, HouseToolCall, OnInterrupted } from '@openclaw-runtime/agent';
import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { judge } from '@openclaw-runtime/protocol/schema';
import { z } from 'zod';
import { boundText } from './bounded.ts';
import { within } from './within.ts';

/** What all tools of the house share. */
export interface House {
  readonly clock: Clock;
  /** Bytes of UTF-8 that a model is told of one call. */
  readonly maxResultBytes: number;
  /** By a tool's full name. */
  readonly needsApproval: (name: string) => boolean;
}

export interface ToolDraft<A> {
  readonly name: string;
  readonly description: string;
  readonly input: z.ZodType<A>;
  readonly sideEffects: boolean;
  readonly onInterrupted: OnInterrupted;
  readonly timeoutMs: number;
  /** What the model is told; it is cut to size by whoever calls this. An error that is not ours becomes `TOOL_FAILED`. */
  readonly run: (args: A, call: HouseToolCall) => Promise<string>;
}

/** A tool whose arguments are checked, whose time is limited and whose result is bounded. */
export function createTool<A>(house: House, draft: ToolDraft<A>): HouseTool {
  const { name, description, input, sideEffects, onInterrupted, timeoutMs } = draft;
  return {
    card: {
      name,
      description,
      parameters: parametersOf(input),
      sideEffects,
      onInterrupted,
      timeoutMs,
      needsApproval: house.needsApproval(name),
      secrets: [],
    },
    async execute(args, call) {
      const parsed = parseArguments(name, input, args);
      const text = await within(house.clock, name, timeoutMs, call.signal, (signal) =>
        settled(draft.run(parsed, { ...call, signal }), signal),
      );
      return boundText(text, house.maxResultBytes);
    },
  };
}

/** Arguments as a model wrote them, after the schema has had its say. */
function parseArguments<A>(name: string, input: z.ZodType<A>, args: unknown): A {
  const result = judge(input, args);
  if (result.success) return result.data;
  const problems = result.error.issues
    .slice(0, 5)
    .map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message));
  throw new OpenClawError('TOOL_FAILED', `${name}: the arguments do not fit: ${problems.join('; ')}.`.slice(0, 1_000));
}

function parametersOf(input: z.ZodType): Readonly<Record<string, unknown>> {
  const { $schema: _, ...parameters } = z.toJSONSchema(input, { io: 'input' });
  return parameters;
}

async function settled(work: Promise<string>, signal: AbortSignal): Promise<string> {
  try {
    return await work;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw OpenClawError.from(error, 'TOOL_FAILED');
  }
}
