import type { Run, RunItem } from '@openclaw-runtime/client';
import {
  addUsage,
  type ErrorBody,
  type Finish,
  NO_USAGE,
  type Outcome,
  type RunRequest,
  type ToolCall,
  type Usage,
} from '@openclaw-runtime/protocol';
import type { RunSummary } from '@openclaw-runtime/store';
import { withServer } from '../commands/server.ts';
import { createStyle, type Style } from '../commands/style.ts';
import type { World } from '../commands/world.ts';
import { paintStatus } from './list.ts';
import type { RunsOptions } from './runs.ts';
import { ageOf, timeOf } from './times.ts';

/** One run as its log tells it, up to now. */
export interface Shown {
  /** Absent where the beginning of the log was compacted. */
  readonly request?: RunRequest;
  readonly steps: readonly ShownStep[];
  readonly messages: readonly { readonly mode: string; readonly text: string }[];
  readonly usage: Usage;
  readonly outcome?: Outcome;
}

export interface ShownStep {
  readonly step: number;
  model?: string;
  attempts: number;
  retries: number;
  resumed: string[];
  finish?: Finish;
  usage?: Usage;
  toolCalls: ToolCall[];
  text: string;
  lastError?: ErrorBody;
}

/** Prints what is known of a run. Resolves with the exit code. */
export async function showRun(name: string, options: RunsOptions, world: World): Promise<number> {
  const { summary, shown } = await withServer(options, world, async ({ api, connect }) => {
    const found = await api.find(name);
    const run = (await connect()).attach(found.run);
    return { summary: found, shown: await readRun(run, found.head) };
  });
  if (options.json) world.out.write(`${JSON.stringify({ ...summary, ...shown })}\n`);
  else world.out.write(pageOf(summary, shown, createStyle(world, world.out), world.clock.wall()));
  return 0;
}

/** Reads the log up to `head` and stops there, also when the run goes on. */
async function readRun(run: Run, head: number): Promise<Shown> {
  const shown: Building = { steps: [], messages: [], usage: NO_USAGE };
  for await (const item of run) {
    see(shown, item);
    if (item.seq >= head) break;
  }
  run.result().catch(() => undefined);
  run.detach();
  return shown;
}

type Building = { -readonly [K in keyof Shown]: Shown[K] extends readonly (infer I)[] ? I[] : Shown[K] };

function see(shown: Building, item: RunItem): void {
  if (item.kind === 'snapshot') {
    shown.usage = item.fold.usage;
    shown.steps = item.fold.steps.map(({ step, attempt, text, toolCalls, finish }) => ({
      ...newStep(step),
      attempts: attempt,
      text,
      toolCalls,
      ...(finish && { finish }),
    }));
    if (item.fold.outcome) shown.outcome = item.fold.outcome;
    return;
  }
  if (item.kind === 'run.created') {
    const { at: _at, fingerprint: _fingerprint, ...request } = item.data;
    shown.request = request;
  } else if (item.kind === 'message.given') shown.messages.push({ mode: item.data.mode, text: item.data.text });
  else if (item.kind === 'run.finished') shown.outcome = item.data;
  else if (item.step > 0) seeStep(shown, stepOf(shown.steps, item.step), item);
}

function seeStep(shown: Building, step: ShownStep, item: Exclude<RunItem, { kind: 'snapshot' }>): void {
  switch (item.kind) {
    case 'step.started':
      step.model = item.data.model;
      step.attempts = item.attempt;
      step.text = step.text.slice(0, item.data.keep ?? 0);
      step.toolCalls = [];
      return;
    case 'step.retried':
      step.retries++;
      step.lastError = item.data.error;
      if (item.data.model) step.model = item.data.model;
      return;
    case 'step.resumed':
      step.resumed.push(item.data.by);
      return;
    case 'text':
      step.text += item.data;
      return;
    case 'tool.called':
      step.toolCalls.push(item.data);
      return;
    case 'step.ended':
      step.finish = item.data.finish;
      step.usage = item.data.usage;
      shown.usage = addUsage(shown.usage, item.data.usage);
      return;
    default:
  }
}

function stepOf(steps: ShownStep[], step: number): ShownStep {
  const found = steps.findLast((each) => each.step === step);
  if (found) return found;
  const made = newStep(step);
  steps.push(made);
  return made;
}

function newStep(step: number): ShownStep {
  return { step, attempts: 1, retries: 0, resumed: [], toolCalls: [], text: '' };
}

function pageOf(summary: RunSummary, { request, steps, messages, usage, outcome }: Shown, style: Style, nowMs: number): string {
  const { status, createdMs, endedMs, fork } = summary;
  const took = endedMs === undefined ? `for ${ageOf(nowMs - createdMs)} now` : `took ${ageOf(endedMs - createdMs)}`;
  const rows: (readonly [string, string])[] = [
    ['run', style.bold(summary.run)],
    ['status', paintStatus(status, style) + (outcome && 'reason' in outcome ? ` (${outcome.reason})` : '')],
    ['created', `${timeOf(createdMs)} UTC, ${took}`],
    ...(endedMs === undefined ? [] : [['ended', `${timeOf(endedMs)} UTC`] as const]),
    ['agent', summary.agent],
    ...(summary.model === undefined ? [] : [['model', summary.model] as const]),
    ...(summary.session === undefined ? [] : [['session', summary.session] as const]),
    ...(fork ? [['fork of', `${fork.run} at ${fork.seq}`] as const] : []),
    ['records', String(summary.head)],
    ['tokens', tokensOf(usage)],
  ];
  if (outcome && 'error' in outcome) rows.push(['error', style.red(`${outcome.error.code}: ${outcome.error.message}`)]);
  if (request) rows.push(['asked', excerpt(askedOf(request))]);
  for (const { mode, text } of messages) rows.push([mode, excerpt(text)]);
  const lines = rows.map(([label, value]) => `${style.dim(label.padEnd(8))} ${value}`);
  return `${[...lines, ...steps.map((step) => stepLine(step, style))].join('\n')}\n`;
}

function stepLine(step: ShownStep, style: Style): string {
  const facts = [
    step.model ?? '',
    `${step.attempts} ${step.attempts === 1 ? 'attempt' : 'attempts'}`,
    ...(step.retries > 0 ? [`${step.retries} retried (${step.lastError?.code})`] : []),
    ...(step.resumed.length > 0 ? [`resumed by ${step.resumed.join(', ')}`] : []),
    step.finish ? `ended: ${step.finish}` : 'goes on',
    ...(step.usage ? [tokensOf(step.usage)] : []),
    ...step.toolCalls.map((call) => `calls ${call.name}`),
  ];
  const label = style.dim(`step ${step.step}`.padEnd(8));
  return `${label} ${facts.filter((fact) => fact !== '').join(' · ')}${step.text === '' ? '' : `\n         ${excerpt(step.text)}`}`;
}

function tokensOf({ inputTokens, outputTokens, reasoningTokens, cachedTokens }: Usage): string {
  const extra = [
    ...(cachedTokens > 0 ? [`${cachedTokens} of them cached`] : []),
    ...(reasoningTokens > 0 ? [`${reasoningTokens} for reasoning`] : []),
  ];
  return [`${inputTokens} in`, `${outputTokens} out`, ...extra].join(', ');
}

function askedOf({ input }: RunRequest): string {
  return typeof input === 'string' ? input : (input.at(-1)?.content ?? '');
}

/** One line of at most 200 characters. */
function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}
