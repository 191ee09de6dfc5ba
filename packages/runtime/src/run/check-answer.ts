import { CHECK } from '@openclaw-runtime/agent';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { fitsFormat } from '../think/fits.ts';
import { callTool } from './call-tool.ts';
import type { StepCall, StepResult } from './step.ts';
import type { Tool } from './toolbox.ts';
import type { Work } from './work.ts';

/** That an agent has for one check. */
const CHECK_MS = 30_000;

const TOOL: Tool = {
  card: {
    name: CHECK,
    parameters: {},
    sideEffects: false,
    onInterrupted: 'retry',
    timeoutMs: CHECK_MS,
    needsApproval: false,
    secrets: [],
  },
  permission: 'allow',
  house: undefined,
};

/** Of a step that answered. */
export interface Answered {
  readonly call: StepCall;
  readonly query: string;
  readonly result: StepResult;
}

/** Whether anybody can tell what this step's answer is worth: its agent, or the form that it was to have. */
export function mayCheck({ deps, asked }: Work, { settings }: StepCall, { finish, toolCalls }: StepResult): boolean {
  if (!deps.thinker || finish !== 'stop' || toolCalls.length > 0) return false;
  return settings?.format !== undefined || deps.agents.get(asked.agent)?.code?.card.checks === true;
}

/** Whether an answer that is wrong is to be given again, deeper. */
export function mayDeepen({ deps, asked }: Work): boolean {
  const escalate = deps.thinker?.settings.escalate;
  return escalate ?? deps.agents.get(asked.agent)?.code?.card.checks === true;
}

/** How far the answer is right, 0..1; undefined where its check failed. Rejects with the signal's reason only. */
export async function checkAnswer(work: Work, { call, query, result }: Answered, signal: AbortSignal): Promise<number | undefined> {
  const { text, attempt } = result;
  const fits = fitsFormat(text, call.settings?.format);
  if (fits === false) return 0;
  const { deps, asked, run, lease } = work;
  const agent = deps.agents.get(asked.agent);
  if (!agent?.code?.card.checks) return fits === undefined ? undefined : 1;
  const late = new AbortController();
  const cancel = deps.clock.after(CHECK_MS, () => late.abort(new OpenClawError('TOOL_TIMEOUT', `It took longer than ${CHECK_MS} ms.`)));
  const toolCall = { id: CHECK, name: CHECK, arguments: JSON.stringify({ query, answer: text }) };
  const place = { agent, call: toolCall, key: `${run}/${call.step}.${attempt}/${CHECK}`, signal: AbortSignal.any([signal, late.signal]) };
  try {
    return Number(await callTool(work, TOOL, place));
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    deps.onSaid(lease.key, `An answer could not be checked: ${OpenClawError.from(error).message}\n`, 0);
    return undefined;
  } finally {
    cancel();
  }
}
