import type { RunRequest, Usage } from '@openclaw-runtime/protocol';
import type { RunSummary } from '@openclaw-runtime/store';
import { answerText, msText } from '../commands/narrate.ts';
import { excerpt, plainLine } from '../commands/plain.ts';
import type { Style } from '../commands/style.ts';
import { paintStatus } from './list.ts';
import type { Shown, ShownApproval, ShownCall, ShownChild, ShownStep } from './shown.ts';
import { ageOf, timeOf } from './times.ts';

/** Of each kind of thing that may come by the thousand, this many are shown. */
const LATEST = 20;
const INDENT = ' '.repeat(9);

/** A run for people: what is known of it, then what happened in the order of its log, with its children as a tree. */
export function pageOf(run: RunSummary & Shown, style: Style, nowMs: number): string {
  const lines = rowsOf(run, style, nowMs).map(([label, value]) => labelled(label, value, style));
  return `${[...lines, ...courseOf(run, style)].join('\n')}\n`;
}

function rowsOf(run: RunSummary & Shown, style: Style, nowMs: number): (readonly [string, string])[] {
  const { status, createdMs, endedMs, fork, outcome, request, messages, saved } = run;
  const took = endedMs === undefined ? `for ${ageOf(nowMs - createdMs)} now` : `took ${ageOf(endedMs - createdMs)}`;
  const rows: (readonly [string, string])[] = [
    ['run', style.bold(plainLine(run.run))],
    ['status', paintStatus(status, style, plainLine(status)) + (outcome && 'reason' in outcome ? ` (${plainLine(outcome.reason)})` : '')],
    ['created', `${timeOf(createdMs)} UTC, ${took}`],
    ...(endedMs === undefined ? [] : [['ended', `${timeOf(endedMs)} UTC`] as const]),
    ['agent', plainLine(run.agent)],
    ...(run.model === undefined ? [] : [['model', plainLine(run.model)] as const]),
    ...(run.session === undefined ? [] : [['session', plainLine(run.session)] as const]),
    ...(fork ? [['fork of', plainLine(`${fork.run} at ${fork.seq}`)] as const] : []),
    ...(request?.parent ? [['part of', excerpt(`${request.parent.run}, as ${request.parent.name}`)] as const] : []),
    ['records', String(run.head)],
    ['tokens', tokensOf(run.usage)],
  ];
  if (outcome && 'error' in outcome) rows.push(['error', style.red(plainLine(`${outcome.error.code}: ${outcome.error.message}`))]);
  if (request?.operation !== undefined) rows.push(['does', excerpt(operationOf(request))]);
  else if (request) rows.push(['asked', excerpt(askedOf(request))]);
  for (const { mode, text } of messages) rows.push([plainLine(mode), excerpt(text)]);
  if (saved)
    rows.push([
      'saved',
      `${saved.count} ${saved.count === 1 ? 'time' : 'times'}, at last ${saved.characters} characters at record ${saved.seq}`,
    ]);
  if (outcome && 'value' in outcome && outcome.value !== undefined) rows.push(['value', excerpt(outcome.value)]);
  return rows;
}

/** What happened in the run, in the order of its log. */
function courseOf(run: Shown, style: Style): string[] {
  const told = [
    ...run.steps.map((step) => ({ seq: step.seq, lines: stepLines(step, style) })),
    ...run.approvals.map((approval) => ({ seq: approval.seq, lines: [labelled('approval', approvalText(approval, run), style)] })),
    ...latest('piece', run.pieces, style, ({ what, name, n, ms, error }) =>
      [what, `${name}${n === 0 ? '' : ` (${n + 1})`}`, `· ${msText(ms)}`, ...(error ? [`· ${error.code}: ${error.message}`] : [])].join(
        ' ',
      ),
    ),
    ...latest('event', run.events, style, ({ name, data }) => `${name} ${JSON.stringify(data) ?? ''}`),
    ...run.lost.map(({ seq, error, restarts }) => ({
      seq,
      lines: [labelled('thread', excerpt(`lost · restart ${restarts} · ${error.code}: ${error.message}`), style)],
    })),
    ...run.children.map((child) => ({ seq: child.seq, lines: childLines(child, style) })),
  ];
  return told.sort((a, b) => a.seq - b.seq).flatMap(({ lines }) => lines);
}

/** The latest of a kind, behind a line on those before. */
function latest<T extends { readonly seq: number }>(label: string, things: readonly T[], style: Style, textOf: (thing: T) => string) {
  const shown = things.slice(-LATEST);
  const [first] = shown;
  const before = things.length - shown.length;
  const head =
    first && before > 0 ? [{ seq: first.seq - 0.5, lines: [labelled(label, `${before} before these, which --json shows`, style)] }] : [];
  return [...head, ...shown.map((thing) => ({ seq: thing.seq, lines: [labelled(label, excerpt(textOf(thing)), style)] }))];
}

function stepLines(step: ShownStep, style: Style): string[] {
  const facts = [
    plainLine(step.model ?? ''),
    `${step.attempts} ${step.attempts === 1 ? 'attempt' : 'attempts'}`,
    ...(step.retries > 0 ? [`${step.retries} retried (${plainLine(step.lastError?.code ?? '')})`] : []),
    ...(step.resumed.length > 0 ? [`resumed by ${plainLine(step.resumed.join(', '))}`] : []),
    step.finish ? `ended: ${plainLine(step.finish)}` : 'goes on',
    ...(step.usage ? [tokensOf(step.usage)] : []),
  ];
  return [
    labelled(`step ${step.step}`, facts.filter((fact) => fact !== '').join(' · '), style),
    ...(step.text === '' ? [] : [INDENT + excerpt(step.text)]),
    ...step.toolCalls.flatMap((call) => callLines(call, style)),
  ];
}

function callLines({ name, arguments: given, started, ms, content, error }: ShownCall, style: Style): string[] {
  const call = `${INDENT}calls ${excerpt(`${name} ${given}`)}`;
  if (ms === undefined) return [started ? `${call} · at work` : call];
  const came = error ? style.red(excerpt(`${error.code}: ${error.message}`)) : excerpt(content ?? '');
  return [`${call} · ${msText(ms)}`, ...(came === '' ? [] : [`${INDENT}  ${came}`])];
}

function approvalText({ about, name, text, given }: ShownApproval, { outcome }: Shown): string {
  const asked = excerpt(about === 'tool' ? `of ${name} ${text}` : `${name}: ${text}`);
  return `${asked} · ${given ? answerText(given) : outcome ? 'not answered' : 'waits for an answer'}`;
}

function childLines({ name, agent, child, status, run }: ShownChild, style: Style): string[] {
  const now = status ?? run?.status;
  const facts = [`${name}: ${agent}`, now ?? 'goes on', `run ${child}`].map((fact) => plainLine(fact)).join(' · ');
  const outcome = run?.outcome;
  const error = outcome && 'error' in outcome ? [style.red(excerpt(`${outcome.error.code}: ${outcome.error.message}`))] : [];
  const below = run ? [...error, ...courseOf(run, style)] : [];
  return [labelled('child', facts, style), ...below.map((line) => `  ${style.dim('│')} ${line}`)];
}

function labelled(label: string, value: string, style: Style): string {
  return `${style.dim(label.padEnd(8))} ${value}`;
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

function operationOf({ operation = '', args }: RunRequest): string {
  return args === undefined ? operation : `${operation} ${JSON.stringify(args)}`;
}
