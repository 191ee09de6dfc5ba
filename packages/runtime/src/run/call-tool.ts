import { decodeState, type HouseTool } from '@openclaw-runtime/agent';
import { type Clock, sleep } from '@openclaw-runtime/kit';
import { type ErrorCode, OpenClawError, parseJson, type ToolCall } from '@openclaw-runtime/protocol';
import { untilAborted } from '../abort/until-aborted.ts';
import type { AgentThreads, ThreadCall } from '../pool/threads.ts';
import type { Agent } from './agents.ts';
import type { Tool } from './toolbox.ts';
import type { Waits } from './waits.ts';
import type { Work } from './work.ts';

/** Characters of a result. */
const RESULT_CHARS = 256 * 1024;

/** What a tool, or the thread that it runs in, may say; what else it throws is its failure, whatever it calls itself. */
const WORDS: readonly ErrorCode[] = [
  'TOOL_FAILED',
  'TOOL_TIMEOUT',
  'UNAUTHENTICATED',
  'DENIED',
  'AGENT_HUNG',
  'AGENT_CRASHED',
  'AGENT_MEMORY',
  'THREAD_LOST',
];
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

function callHouse(work: Work, house: HouseTool, { call, key, signal }: CallPlace): Promise<string> {
  const trace = work.traced(`tool ${key}`, house.card.name);
  return house.execute(argumentsOf(call), { key, run: work.facts, signal, ...(trace && { trace }) });
}

async function callThread(
  { deps, tenant, facts, lease, waits }: Work,
  { card }: Tool,
  { agent, call, key, signal }: CallPlace,
): Promise<string> {
  const { threads, clock } = deps;
  if (!threads || !agent.code) throw new OpenClawError('NOT_IMPLEMENTED', 'This server runs no code of agents. Give it threads.');
  const secrets = Object.fromEntries(card.secrets.map((name) => [name, deps.secrets(name, agent.name)]));
  const threadCall: ThreadCall = {
    agent: agent.code,
    tenant,
    job: { kind: 'tool', tool: card.name, arguments: call.arguments || '{}', key, run: facts, secrets },
    ask: () => Promise.reject(new OpenClawError('NOT_IMPLEMENTED', 'A tool asks nothing of its run. Use an operation.')),
    said: (text, dropped) => deps.onSaid(lease.key, text, dropped),
    queued: () => untilPlaced(waits),
    ended: (error) => deps.threadWatch?.ended(agent.name, signal, error),
  };
  const answer = await whenFree(threads, threadCall, { clock, signal });
  const value = answer === undefined ? '' : decodeState(answer);
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** No thread is free. */
export function untilPlaced(waits: Waits): () => void {
  const wait = waits.begin('thread');
  return () => waits.end(wait);
}

async function whenFree(threads: AgentThreads, call: ThreadCall, { clock, signal }: Waiting): Promise<string | undefined> {
  for (;;) {
    try {
      return await threads.call(call, signal);
    } catch (error) {
      const free = untilFree(clock, signal, error);
      if (!free) throw error;
      await free;
    }
  }
}

interface Waiting {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Resolves when a call that was refused, since too many wait for a thread, may be made again; when there are no more threads it rejects once the run is let go of.
 * `undefined` for any other error. `isOwn`: the error is what the code itself came to, and no word of the threads.
 */
export function untilFree(
  clock: Clock,
  signal: AbortSignal,
  error: unknown,
  isOwn: (error: OpenClawError) => boolean = () => false,
): Promise<void> | undefined {
  if (!(error instanceof OpenClawError) || signal.aborted || isOwn(error)) return undefined;
  if (error.code === 'SHUTTING_DOWN') return untilAborted(new Promise<never>(() => undefined), signal);
  return error.code === 'RATE_LIMITED' ? sleep(clock, error.retryAfterMs ?? BUSY_MS, signal) : undefined;
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
