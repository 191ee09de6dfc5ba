import { hash } from 'node:crypto';
import { type Clock, newId, type Random } from '@openclaw-runtime/kit';
import { encodeRecord, OpenClawError, type RunRequest, type Start } from '@openclaw-runtime/protocol';
import { type Head, type RunKey, runKey } from '@openclaw-runtime/store';
import type { Catalogue } from './catalogue.ts';
import { type Admitting, createAdmitted, unlessCreated } from './create-admitted.ts';

export interface CreateDeps extends Admitting {
  readonly clock: Clock;
  readonly random: Random;
  readonly catalogue: Catalogue;
}

export interface CreatedRun {
  readonly run: string;
  readonly key: RunKey;
  readonly head: Head;
  readonly dup: boolean;
}

/**
 * Creates the run, or finds the one that this key created. Durable when it resolves. Rejects with `IDEMPOTENCY_CONFLICT` when the key stands for another
 * request, `NOT_FOUND` for an unknown agent, `BAD_REQUEST` for arguments of no operation.
 */
export async function createRun(
  deps: CreateDeps,
  tenant: string,
  asked: Start['run'],
  idempotencyKey: string | undefined,
): Promise<CreatedRun> {
  const { store, clock, random, catalogue } = deps;
  const agent = asked.agent ?? 'default';
  const request = complete(asked, agent);
  const run = idempotencyKey === undefined ? newId(random) : store.runId(tenant, idempotencyKey);
  const key = runKey(tenant, run);
  const checked = catalogue.checkAgent(agent);
  // A run that was created while its agent still existed stays what its key stands for.
  if (checked) await checked.catch((error: unknown) => unlessCreated(store, key, error));
  const fingerprint = fingerprintOf(request);
  const record = encodeRecord('run.created', 0, 0, {
    ...request,
    ...(asked.trace && { trace: asked.trace }),
    at: clock.wall(),
    fingerprint,
  });
  const { created, head, fingerprint: first } = await createAdmitted(deps, key, record, fingerprint, { tenant, session: asked.session });
  if (first !== fingerprint) throw otherRequest();
  return { run, key, head, dup: !created };
}

/** Of what was asked, by which the same request is known again. */
export function fingerprintOf(asked: unknown): string {
  return hash('sha256', JSON.stringify(asked), 'base64url').slice(0, 22);
}

export function otherRequest(): OpenClawError {
  return new OpenClawError(
    'IDEMPOTENCY_CONFLICT',
    'This idempotency key was used for a different request. Use a new key, or send the same request.',
  );
}

/** The request with its fields in a fixed order, so that equal requests have equal fingerprints. */
function complete(asked: Start['run'], agent: string): RunRequest {
  const { input, model, session, tools, level, complexity, settings, budget, tokenInterval, operation, args, door } = asked;
  if (args !== undefined && operation === undefined)
    throw new OpenClawError('BAD_REQUEST', 'args are those of an operation, and none is named. Name it, or leave args out.');
  if (settings !== undefined && operation !== undefined)
    throw new OpenClawError('BAD_REQUEST', 'settings are those of a conversation, and an operation is named. Leave one of them out.');
  const request: { -readonly [K in keyof RunRequest]: RunRequest[K] } = { agent, input };
  if (model !== undefined) request.model = model;
  if (session !== undefined) request.session = session;
  if (tools !== undefined) request.tools = tools;
  if (level !== undefined) request.level = level;
  if (complexity !== undefined) request.complexity = complexity;
  if (settings !== undefined) request.settings = settings;
  if (budget !== undefined) request.budget = typeof budget === 'number' ? { usd: budget } : budget;
  if (tokenInterval !== undefined) request.tokenInterval = tokenInterval;
  if (operation !== undefined) request.operation = operation;
  if (args !== undefined) request.args = args;
  if (door !== undefined) request.door = door;
  return request;
}
