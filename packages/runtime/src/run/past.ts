import { hash } from 'node:crypto';
import type { DonePiece } from '@openclaw-runtime/agent';
import { type ApprovalGiven, addUsage, NO_USAGE, type RunRecord, type Usage } from '@openclaw-runtime/protocol';
import { type BudgetPast, beginBudgetPast, followBudget } from '../budget/past.ts';
import type { ThoughtsPast } from '../think/thoughts.ts';
import { isStrike } from './restarts.ts';

/** What recovery has to know of a run's tools, approvals, operation and children. It is JSON. Runs that have none of these have nothing of it. */
export interface Past {
  calls?: CallPast[];
  approvals?: ApprovalPast[];
  operation?: OperationPast;
  children?: ChildrenPast;
  thoughts?: ThoughtsPast;
  budget?: BudgetPast;
  /** The records up to here are those of the run whose past this one shares. */
  shared?: number;
}

/** A call of a tool that a model asked for. */
export interface CallPast {
  readonly step: number;
  readonly id: string;
  /** Of the call's tries, from when the first began. */
  key?: string;
  /** How often it was begun. */
  tries?: number;
  /** Approvals that its tries have used up. */
  approved?: number;
  /** What the model is told; from when the call is over. */
  content?: string;
}

export interface ApprovalPast {
  readonly id: string;
  readonly hash: string;
  readonly expiresAt: number;
  given?: ApprovalGiven;
}

/** What an operation came to since its state was saved last. */
export interface OperationPast {
  state?: { readonly version: number; readonly value: string };
  /** How often it was saved. */
  saves: number;
  /** The last step before that. */
  base: number;
  /** In the order of the log. A `stream` without an error has no value here: its step has it. */
  pieces: DonePiece[];
  /** Of the steps since then, which have no gaps: that of piece `n` is at `n`. */
  usages: Usage[];
  /** How many events of each name were told since then, outside of steps. Of very many names only some are counted. */
  events: [name: string, count: number][];
  /** Tokens that no step accounts for, over the whole run. */
  generated: Usage;
  /** Threads that were lost, over the whole run. */
  losses: number;
  /** Of these, those that ran out of memory. */
  strikes?: number;
  /** Of these, those that were lost with their processes, one after another, while it came to nothing and waited for nobody. */
  deaths?: number;
}

export interface ChildrenPast {
  /** How many there ever were. */
  count: number;
  /** Those that have not ended, with the records that began them. */
  open: { readonly child: string; readonly seq: number }[];
}

/** Of a thread that was lost with its process. */
export const DIED = 'STORE_FAILED';
const MOST_EVENTS = 1_000;
/** Of a piece's name, in the name of an approval. */
const NAME_CHARS = 64;

export function beginOperation(): OperationPast {
  return { saves: 0, base: 0, pieces: [], usages: [], events: [], generated: NO_USAGE, losses: 0 };
}

/** Applies one record, in place; `lastStep` is the run's. */
export function followPast(past: Past, record: RunRecord, lastStep: number): void {
  const { operation } = past;
  switch (record.kind) {
    case 'run.created':
      if (record.data.operation !== undefined) past.operation = beginOperation();
      if (record.data.fork) past.shared = record.data.fork.seq;
      return;
    case 'budget.settled':
    case 'budget.paused':
    case 'budget.resumed':
    case 'budget.added':
      if (record.seq > (past.shared ?? 0)) followBudget((past.budget ??= beginBudgetPast()), record);
      return;
    case 'tool.called':
      if (operation === undefined) (past.calls ??= []).push({ step: record.step, id: record.data.id });
      return;
    case 'tool.started': {
      const call = callOf(past, record.step, record.data.id);
      if (call) begun(past, call, record.data.key);
      return;
    }
    case 'tool.result': {
      const call = callOf(past, record.step, record.data.id);
      if (!call) return;
      dropApproval(past, nextApproval(past, call));
      call.content = record.data.content;
      return;
    }
    case 'approval.asked': {
      const { id, hash, expiresAt } = record.data;
      (past.approvals ??= []).push({ id, hash, expiresAt });
      return;
    }
    case 'approval.given': {
      const asked = past.approvals?.find(({ id }) => id === record.data.id);
      if (asked) asked.given = record.data;
      return;
    }
    case 'child.started':
      past.children ??= { count: 0, open: [] };
      past.children.count++;
      past.children.open.push({ child: record.data.child, seq: record.seq });
      return;
    case 'child.finished':
      if (past.children) past.children.open = past.children.open.filter(({ child }) => child !== record.data.child);
      return;
    default:
      if (operation) followOperation(past, operation, record, lastStep);
  }
}

function followOperation(past: Past, operation: OperationPast, record: RunRecord, lastStep: number): void {
  if (record.kind !== 'thread.lost' && record.kind !== 'feedback.given') delete operation.deaths;
  switch (record.kind) {
    case 'piece.done': {
      const { what, name, n, value, error } = record.data;
      const done = { what, name, n, ...(value !== undefined && { value }), ...(error && { error }) };
      if (what === 'stream') operation.pieces = operation.pieces.filter((piece) => piece.what !== what || piece.n !== n);
      if (what === 'ask') dropApproval(past, questionId(operation, name, n));
      if (what === 'generate' && value !== undefined) operation.generated = addUsage(operation.generated, usageOf(value));
      operation.pieces.push(done);
      return;
    }
    case 'step.ended':
      operation.pieces.push({ what: 'stream', name: '', n: record.step - operation.base - 1 });
      operation.usages.push(record.data.usage);
      return;
    case 'event':
      if (record.data.step === undefined) countEvent(operation, record.data.name);
      return;
    case 'state.saved':
      saved(operation, { version: record.data.version, value: record.data.state }, lastStep);
      return;
    case 'thread.lost':
      operation.losses++;
      if (isStrike(record.data.error)) operation.strikes = (operation.strikes ?? 0) + 1;
      if (record.data.error.code === DIED && !isWaiting(past)) operation.deaths = (operation.deaths ?? 0) + 1;
      return;
    default:
  }
}

/** The operation would start again from here. */
export function saved(operation: OperationPast, state: NonNullable<OperationPast['state']>, lastStep: number): void {
  Object.assign(operation, { state, saves: operation.saves + 1, base: lastStep, pieces: [], usages: [], events: [] });
}

export function countEvent(operation: OperationPast, name: string): void {
  const told = operation.events.find(([known]) => known === name);
  if (told) told[1]++;
  else if (operation.events.length < MOST_EVENTS) operation.events.push([name, 1]);
}

/** The approval that this call's next try needs, where it needs one. */
export function nextApproval(past: Pick<Past, 'calls'>, { step, id, approved = 0 }: CallPast): string {
  const place = (past.calls ?? []).filter((call) => call.step === step).findIndex((call) => call.id === id);
  return approvalId(step, place, approved);
}

export function approvalId(step: number, place: number, approved: number): string {
  return `${step}.${place + 1}${approved === 0 ? '' : `.${approved + 1}`}`;
}

/** Of an operation's question. */
export function questionId({ saves }: Pick<OperationPast, 'saves'>, name: string, n: number): string {
  return `q${saves}.${n}.${name.length > NAME_CHARS ? hash('sha256', name, 'hex').slice(0, 32) : name}`;
}

/** What was generated by a piece, which the runtime itself wrote. */
export function usageOf(value: string): Usage {
  return (JSON.parse(value) as { readonly usage: Usage }).usage;
}

/** For a person, or for another run. */
function isWaiting({ approvals = [], children }: Past): boolean {
  return approvals.length > 0 || (children?.open.length ?? 0) > 0;
}

function begun(past: Past, call: CallPast, key: string): void {
  call.key = key;
  call.tries = (call.tries ?? 0) + 1;
  if (dropApproval(past, nextApproval(past, call))) call.approved = (call.approved ?? 0) + 1;
}

function callOf({ calls }: Past, step: number, id: string): CallPast | undefined {
  return calls?.find((call) => call.step === step && call.id === id);
}

function dropApproval(past: Past, id: string): boolean {
  const { approvals } = past;
  if (!approvals?.some((approval) => approval.id === id)) return false;
  past.approvals = approvals.filter((approval) => approval.id !== id);
  return true;
}
