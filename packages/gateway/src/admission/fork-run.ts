import { newId } from '@openclaw-runtime/kit';
import {
  encodeRecord,
  type Fork,
  LIMITS,
  type Message,
  OpenClawError,
  type Payloads,
  type RunRequest,
  type WireRecord,
} from '@openclaw-runtime/protocol';
import { type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import { createAdmitted } from './create-admitted.ts';
import { type CreateDeps, type CreatedRun, fingerprintOf, otherRequest } from './create-run.ts';
import { type Past, readPast, type StepSpan } from './past.ts';
import { saidBefore } from './session-past.ts';

/** What a caller may say of a fork. */
export interface ForkRequest {
  /** The last record that both runs share. Default: with `input` the end of the last step, without it the record before the last step. */
  readonly at?: number;
  /** In place of the source's; only where no step is open at `at`. */
  readonly model?: string;
  /** What is said next. */
  readonly input?: string;
}

export interface ForkedRun extends CreatedRun {
  readonly fork: Fork;
}

/**
 * Creates a run that shares the source's past up to a record and goes on from there by itself; its owner copies that past. It belongs to no session, but what the
 * source's session had said before the source is part of its input. Rejects with `NOT_FOUND` for a source that is unknown or compacted, `BAD_REQUEST` where
 * there is nothing to go on from, `IDEMPOTENCY_CONFLICT`.
 */
export async function forkRun(
  deps: CreateDeps,
  tenant: string,
  source: string,
  asked: ForkRequest,
  idempotencyKey: string | undefined,
): Promise<ForkedRun> {
  const { store, clock, random } = deps;
  const { at, model, input } = asked;
  const run = idempotencyKey === undefined ? newId(random) : store.runId(tenant, idempotencyKey);
  const key = runKey(tenant, run);
  const fingerprint = fingerprintOf({ source, at, model, input });
  const known = idempotencyKey === undefined ? undefined : await createdBefore(store, key);
  if (known) {
    if (known.asked.fingerprint !== fingerprint || !known.asked.fork) throw otherRequest();
    return { run, key, head: known.head, dup: true, fork: known.asked.fork };
  }

  const past = await readPast(store, runKey(tenant, source), clock);
  const seq = placeOf(past, asked);
  const fork: Fork = { run: source, seq, ...(input === undefined ? {} : { text: input }) };
  const { session, operation } = past.request;
  const before = session === undefined || operation !== undefined ? undefined : await saidBefore(store, tenant, session, source, past);
  const request = requestOf(past.request, model, before, fork);
  const record = encodeRecord('run.created', 0, 0, { ...request, at: clock.wall(), fingerprint });
  if (record.length > LIMITS.maxBodyBytes)
    throw new OpenClawError('TOO_LARGE', 'What was said before this run does not fit into a request. Start a new run instead.');
  const { created, head, fingerprint: first } = await createAdmitted(deps, key, record, fingerprint, { tenant, session: undefined });
  if (first !== fingerprint) throw otherRequest();
  return { run, key, head, dup: !created, fork };
}

/** Of an idempotency key: the source may have changed, or gone, since it was used. */
async function createdBefore(store: Store, key: RunKey): Promise<{ head: CreatedRun['head']; asked: Payloads['run.created'] } | undefined> {
  try {
    const { head, chunk, snapshot } = await store.runs.read(key, 0, 1);
    const record = chunk ? `[${chunk.body}]` : snapshot && `[${snapshot.creation}]`;
    if (record === undefined) return undefined;
    const [first] = JSON.parse(record) as [WireRecord];
    return { head, asked: first[3] as Payloads['run.created'] };
  } catch (error) {
    if (error instanceof OpenClawError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** Where the runs part. Throws `BAD_REQUEST`. */
function placeOf({ last, steps, source, request }: Past, { at, model, input }: ForkRequest): number {
  if (request.operation !== undefined && input !== undefined)
    throw impossible(`Run ${source} carries out the operation ${request.operation}, which takes no messages. Fork it without input.`);
  const ended = steps.findLast(({ end }) => end !== undefined && end <= last)?.end;
  const begun = steps.findLast(({ start }) => start <= last)?.start;
  const seq = at ?? (input === undefined ? (begun === undefined ? last : begun - 1) : (ended ?? last));
  if (seq > last) throw impossible(`Run ${source} can be forked at its records 1 to ${last}: what follows is its end, or not there.`);
  const step = steps.findLast(({ start }) => start <= seq);
  const isOpen = step !== undefined && (step.end === undefined || step.end > seq);
  if (isOpen && step.calls !== undefined && step.calls <= seq)
    throw impossible(`At record ${seq} the model is calling tools. Fork at ${step.calls - 1}, or at the step’s end.`);
  if (isOpen && model !== undefined)
    throw impossible(
      `At record ${seq} a step is open, which another model cannot go on with. Fork at ${step.start - 1}, or at the step’s end.`,
    );
  if (step?.calls !== undefined && !isOpen) checkCalls(step, seq, input !== undefined);
  return seq;
}

/** Between a step that called tools and their last result nothing else may be said, and what is at work belongs to the source. */
function checkCalls({ end = 0, begun, told }: StepSpan, seq: number, speaks: boolean): void {
  if (told !== undefined && told <= seq) return;
  if (begun !== undefined && begun <= seq)
    throw impossible(`At record ${seq} tools are at work. Fork at ${end}${told === undefined ? '' : ` or ${told}`}.`);
  if (!speaks) return;
  const todo = told === undefined ? 'Start a run with that instead.' : `Fork at ${told}.`;
  throw impossible(`At record ${seq} the model waits for what its tools say. ${todo}`);
}

function requestOf(source: RunRequest, model: string | undefined, before: Said | undefined, fork: Fork): RunRequest {
  const { agent, input, tools, level, complexity, settings, budget, tokenInterval, operation, args } = source;
  const wanted = model ?? source.model;
  return {
    agent,
    input: before ? [...before.messages, ...messagesOf(input), ...before.held] : input,
    ...(wanted === undefined ? {} : { model: wanted }),
    ...(tools === undefined ? {} : { tools }),
    ...(level === undefined ? {} : { level }),
    ...(complexity === undefined ? {} : { complexity }),
    ...(settings === undefined ? {} : { settings }),
    ...(budget === undefined ? {} : { budget }),
    ...(tokenInterval === undefined ? {} : { tokenInterval }),
    ...(operation === undefined ? {} : { operation }),
    ...(args === undefined ? {} : { args }),
    fork,
  };
}

type Said = Awaited<ReturnType<typeof saidBefore>>;

function messagesOf(input: RunRequest['input']): readonly Message[] {
  return typeof input === 'string' ? [{ role: 'user', content: input }] : input;
}

function impossible(message: string): OpenClawError {
  return new OpenClawError('BAD_REQUEST', message);
}
