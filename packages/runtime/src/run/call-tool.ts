import { decodeState, type HouseTool } from '@openclaw-runtime/agent';
import { type Clock, sleep } from '@openclaw-runtime/kit';
import { type ErrorCode, OpenClawError, parseJson, type ToolCall } from '@openclaw-runtime/protocol';
import type { ThreadCall } from '../pool/threads.ts';
import type { Agent } from './agents.ts';
import type { Tool } from './toolbox.ts';
import { untilAborted } from './until-aborted.ts';
import type { Work } from './work.ts';

/** Characters of a result. */
const RESULT_CHARS = 256 * 1024;

/** What a tool, or the thread that it runs in, may say; what else it throws is its failure, whatever it calls itself. */
const WORDS: readonly ErrorCode[] = ['TOOL_FAILED', 'TOOL_TIMEOUT', 'DENIED', 'AGENT_HUNG', 'AGENT_CRASHED', 'AGENT_MEMORY', 'THREAD_LOST'];
const BUSY_MS = 1_000;

export interface CallPlace {
  readonly agent: Agent;
  readonly call: ToolCall;
  readonly key: string;
  readonly signal: AbortSignal;
}

/** Calls a tool, in its thread or beside the log. Resolves to what the model is told; rejects with what went wrong, or with the signal's reason. */
export async function callTool(work: Work, tool: Tool, place: CallPlace): Promise<string> {
  try {
    return cut(tool.house ? await callHouse(work, tool.house, place) : await callThread(work, tool, place));
  } catch (thrown) {
    if (place.signal.aborted) throw place.signal.reason;
    const error = OpenClawError.from(thrown, 'TOOL_FAILED');
    throw WORDS.includes(error.code) ? error : new OpenClawError('TOOL_FAILED', error.message, { cause: error });
  }
}

function callHouse({ facts }: Work, house: HouseTool, { call, key, signal }: CallPlace): Promise<string> {
  return house.execute(argumentsOf(call), { key, run: facts, signal });
}

async function callThread({ deps, tenant, facts, lease }: Work, { card }: Tool, { agent, call, key, signal }: CallPlace): Promise<string> {
  const { threads, clock } = deps;
  if (!threads || !agent.code) throw new OpenClawError('NOT_IMPLEMENTED', 'This server runs no code of agents. Give it threads.');
  const secrets = Object.fromEntries(card.secrets.map((name) => [name, deps.secrets(name, agent.name)]));
  const threadCall: ThreadCall = {
    agent: agent.code,
    tenant,
    job: { kind: 'tool', tool: card.name, arguments: call.arguments || '{}', key, run: facts, secrets },
    ask: () => Promise.reject(new OpenClawError('NOT_IMPLEMENTED', 'A tool asks nothing of its run. Use an operation.')),
    said: (text, dropped) => deps.onSaid(lease.key, text, dropped),
  };
  const answer = await whenFree(clock, signal, () => threads.call(threadCall, signal));
  const value = answer === undefined ? '' : decodeState(answer);
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/**
 * Waits while too many others wait for a thread; where there are no more threads, until the run is let go of. `isOwn`: the error is what the code itself came to,
 * and no word of the threads.
 */
export async function whenFree<T>(
  clock: Clock,
  signal: AbortSignal,
  call: () => Promise<T>,
  isOwn: (error: OpenClawError) => boolean = () => false,
): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof OpenClawError) || signal.aborted || isOwn(error)) throw error;
      if (error.code === 'SHUTTING_DOWN') await untilAborted(new Promise<never>(() => undefined), signal);
      if (error.code !== 'RATE_LIMITED') throw error;
      await sleep(clock, error.retryAfterMs ?? BUSY_MS, signal);
    }
  }
}

/** No arguments at all are what some models write for a tool that needs none. */
function argumentsOf({ arguments: text }: ToolCall): unknown {
  try {
    return parseJson(text || '{}');
  } catch (error) {
    throw new OpenClawError('TOOL_FAILED', `The arguments are not JSON: ${OpenClawError.from(error).message}`, { cause: error });
  }
}

function cut(text: string): string {
  if (text.length <= RESULT_CHARS) return text;
  return `${text.slice(0, RESULT_CHARS).toWellFormed()}\n[cut: ${text.length} characters in all, the first ${RESULT_CHARS} are shown]`;
}
