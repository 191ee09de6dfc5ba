import { OpenClawError } from '@openclaw-runtime/protocol';
import { z } from 'zod';
import { CHECK } from '../card.ts';
import { encodeState } from '../codec/encode.ts';
import type { AgentDefinition, AnswerCheck } from '../define-agent.ts';
import type { ToolJob } from '../port.ts';
import type { ToolContext, ToolDefinition } from '../tool.ts';
import type { Call } from './call.ts';
import { failureOf } from './failure.ts';

/** Resolves to what the model is told, as `encodeState` writes it. Rejects with `TOOL_FAILED` or the signal's reason. */
export async function callTool(definition: AgentDefinition, job: ToolJob, call: Call): Promise<string> {
  if (job.tool === CHECK && definition.check) return checkAnswer(definition.check, job, call);
  const made = definition.tools.get(job.tool);
  if (made === undefined) throw call.own(new OpenClawError('TOOL_FAILED', `The agent has no tool ${job.tool}. ${listed(definition)}`));
  const input = await inputOf(made, job, call);
  try {
    return encodeState(contentOf(await made.execute(input, contextOf(job, call))));
  } catch (thing) {
    if (call.stop !== undefined) throw call.stop;
    throw call.own(failureOf('TOOL_FAILED', `Tool ${job.tool} failed`, thing));
  }
}

async function checkAnswer(check: AnswerCheck, job: ToolJob, call: Call): Promise<string> {
  const { query, answer } = JSON.parse(job.arguments) as { readonly query: string; readonly answer: string };
  try {
    const correct: unknown = await check(answer, { query, signal: call.signal });
    if (typeof correct === 'boolean' || (typeof correct === 'number' && correct >= 0 && correct <= 1)) return encodeState(Number(correct));
  } catch (thing) {
    if (call.signal.aborted) throw call.signal.reason;
    throw call.own(failureOf('TOOL_FAILED', 'The check failed', thing));
  }
  throw call.own(new OpenClawError('TOOL_FAILED', 'The check answered neither true or false nor a number from 0 to 1.'));
}

async function inputOf({ input }: ToolDefinition, job: ToolJob, call: Call): Promise<unknown> {
  const wrong = (why: string): OpenClawError =>
    call.own(new OpenClawError('TOOL_FAILED', `Tool ${job.tool} cannot take these arguments: ${why}`));
  let given: unknown;
  try {
    given = job.arguments.trim() === '' ? {} : JSON.parse(job.arguments);
  } catch (error) {
    throw wrong(`${(error as Error).message}. Send a JSON object.`);
  }
  const checked = await input.safeParseAsync(given);
  if (!checked.success) throw wrong(z.prettifyError(checked.error));
  return checked.data;
}

function contextOf({ tool, key, run, secrets }: ToolJob, call: Call): ToolContext {
  const get = (name: string): string => {
    const secret = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
    if (secret === undefined)
      throw new OpenClawError('AGENT_FAILED', `Tool ${tool} is not given a secret ${name}. Name it in its secrets.`);
    return secret;
  };
  return { key, run, signal: call.signal, secrets: { get } };
}

function contentOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null');
}

function listed({ tools }: AgentDefinition): string {
  return tools.size === 0 ? 'It has none.' : `It has ${[...tools.keys()].join(', ')}.`;
}
