import type { RunItem } from '@openclaw-runtime/client';
import {
  type Approval,
  type ApprovalGiven,
  addUsage,
  type ErrorBody,
  type Finish,
  NO_USAGE,
  type Outcome,
  type Payloads,
  type Piece,
  type RunRequest,
  type ToolCall,
  type Usage,
} from '@openclaw-runtime/protocol';
import type { RunSummary } from '@openclaw-runtime/store';

/** One run as its log tells it, up to now. `seq` is the record where each thing begins; 0 where a snapshot stands for it. */
export interface Shown {
  /** Absent where the beginning of the log was compacted. */
  request?: RunRequest;
  steps: ShownStep[];
  approvals: ShownApproval[];
  pieces: (Piece & { readonly seq: number })[];
  events: (Payloads['event'] & { readonly seq: number })[];
  children: ShownChild[];
  /** Threads that the run lost. */
  lost: (Payloads['thread.lost'] & { readonly seq: number })[];
  /** Of an operation: how often its state was saved, and the last time. */
  saved?: { readonly count: number; readonly seq: number; readonly version: number; readonly characters: number };
  messages: { readonly mode: string; readonly text: string }[];
  usage: Usage;
  outcome?: Outcome;
}

export interface ShownStep {
  readonly step: number;
  readonly seq: number;
  model?: string;
  attempts: number;
  retries: number;
  resumed: string[];
  finish?: Finish;
  usage?: Usage;
  toolCalls: ShownCall[];
  text: string;
  lastError?: ErrorBody;
}

/** `ms`, and `content` or `error`, where the server carried it out and has a result; `started` while it is at work. */
export interface ShownCall extends ToolCall {
  started?: true;
  ms?: number;
  content?: string;
  error?: ErrorBody;
}

export interface ShownApproval extends Approval {
  readonly seq: number;
  /** Absent while nobody has answered. */
  given?: Omit<ApprovalGiven, 'id'>;
}

export interface ShownChild {
  readonly seq: number;
  readonly child: string;
  readonly agent: string;
  readonly name: string;
  status?: Exclude<RunSummary['status'], 'running'>;
  /** The child itself, where it could be read. */
  run?: RunSummary & Shown;
}

export function emptyShown(): Shown {
  return { steps: [], approvals: [], pieces: [], events: [], children: [], lost: [], messages: [], usage: NO_USAGE };
}

/** Takes an item of the run in, in place. */
export function see(shown: Shown, item: RunItem): void {
  const { seq } = item;
  switch (item.kind) {
    case 'snapshot':
      return seeSnapshot(shown, item.fold);
    case 'run.created': {
      const { at: _at, fingerprint: _fingerprint, ...request } = item.data;
      shown.request = request;
      return;
    }
    case 'message.given':
      shown.messages.push({ mode: item.data.mode, text: item.data.text });
      return;
    case 'run.finished':
      shown.outcome = item.data;
      return;
    case 'tool.started':
    case 'tool.result':
      return seeTool(shown, item);
    case 'approval.asked':
      shown.approvals.push({ ...item.data, seq });
      return;
    case 'approval.given': {
      const { id, ...given } = item.data;
      const asked = shown.approvals.findLast((each) => each.id === id);
      if (asked) asked.given = given;
      return;
    }
    case 'piece.done':
      shown.pieces.push({ ...item.data, seq });
      return;
    case 'event':
      shown.events.push({ ...item.data, seq });
      return;
    case 'child.started':
      shown.children.push({ ...item.data, seq });
      return;
    case 'child.finished': {
      const child = shown.children.findLast((each) => each.child === item.data.child);
      if (child) child.status = item.data.status;
      return;
    }
    case 'thread.lost':
      shown.lost.push({ ...item.data, seq });
      return;
    case 'state.saved':
      shown.saved = { count: (shown.saved?.count ?? 0) + 1, seq, version: item.data.version, characters: item.data.state.length };
      return;
    default:
      if (item.step > 0) seeStep(shown, stepOf(shown.steps, item.step, seq), item);
  }
}

function seeSnapshot(shown: Shown, { usage, steps, outcome }: Extract<RunItem, { kind: 'snapshot' }>['fold']): void {
  shown.usage = usage;
  shown.steps = steps.map(({ step, attempt, text, toolCalls, finish }) => ({
    ...newStep(step, 0),
    attempts: attempt,
    text,
    toolCalls: toolCalls.map((call) => ({ ...call })),
    ...(finish && { finish }),
  }));
  if (outcome) shown.outcome = outcome;
}

/** Of the calls of one id the last that has no result: ids may come again in later steps. */
function seeTool({ steps }: Shown, { kind, data }: Extract<RunItem, { kind: 'tool.started' | 'tool.result' }>): void {
  const call = steps.flatMap(({ toolCalls }) => toolCalls).findLast(({ id, ms }) => id === data.id && ms === undefined);
  if (!call) return;
  if (kind === 'tool.started') {
    call.started = true;
    return;
  }
  const { ms, content, error } = data;
  Object.assign(call, { ms, content, ...(error && { error }) });
}

function seeStep(shown: Shown, step: ShownStep, item: Exclude<RunItem, { kind: 'snapshot' }>): void {
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
      step.toolCalls.push({ ...item.data });
      return;
    case 'step.ended':
      step.finish = item.data.finish;
      step.usage = item.data.usage;
      shown.usage = addUsage(shown.usage, item.data.usage);
      return;
    default:
  }
}

function stepOf(steps: ShownStep[], step: number, seq: number): ShownStep {
  const found = steps.findLast((each) => each.step === step);
  if (found) return found;
  const made = newStep(step, seq);
  steps.push(made);
  return made;
}

function newStep(step: number, seq: number): ShownStep {
  return { step, seq, attempts: 1, retries: 0, resumed: [], toolCalls: [], text: '' };
}
