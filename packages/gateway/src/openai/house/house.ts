import type { IncomingMessage, ServerResponse } from 'node:http';
import { LIMITS, OpenClawError, type Outcome } from '@openclaw-runtime/protocol';
import type { CreateDeps } from '../../admission/create-run.ts';
import type { GatewayContext } from '../../admission/options.ts';
import { takeTime } from '../../http/take-time.ts';
import { bad } from '../input/fields.ts';
import type { Leases } from './leases.ts';

/** What the handlers of this door share. */
export interface House {
  readonly context: GatewayContext;
  readonly create: CreateDeps;
  readonly leases: Leases;
  readonly tenant: string;
  /** Seconds since 1970 at which this server began. */
  readonly startedS: number;
}

/** Milliseconds for which a run goes on that nobody waits for any more. */
export interface Lease {
  readonly graceMs: number;
  /** After a restart: nobody can have come back before. */
  readonly afterDeathMs: number;
}

const WITHOUT_KEY: Lease = { graceMs: 0, afterDeathMs: 15_000 };
const WITH_KEY: Lease = { graceMs: 30_000, afterDeathMs: 30_000 };

/** With an idempotency key a client that lost its connection can come back for the same run. */
export function leaseOf(idempotencyKey: string | undefined): Lease {
  return idempotencyKey === undefined ? WITHOUT_KEY : WITH_KEY;
}

/** Of a run that was asked for with this lease: whoever only looks on takes nothing from who may come back. */
export function graceMsOf(leaseMs: number): number {
  return leaseMs < WITH_KEY.afterDeathMs ? WITHOUT_KEY.graceMs : WITH_KEY.graceMs;
}

/** Throws `BAD_REQUEST`. */
export function idempotencyKeyOf(request: IncomingMessage): string | undefined {
  const value = request.headers['idempotency-key'];
  const text = Array.isArray(value) ? value.join(',') : value;
  if (text === undefined || text === '') return undefined;
  if (text.length > LIMITS.maxNameLength) throw bad('Idempotency-Key', `give at most ${LIMITS.maxNameLength} characters`);
  return text;
}

/** Behind which event of an earlier stream this one is to go on; only a key says of which run that was. Throws `BAD_REQUEST`. */
export function lastEventIdOf(request: IncomingMessage, idempotencyKey: string | undefined): string | undefined {
  const value = request.headers['last-event-id'];
  if (typeof value !== 'string' || value === '') return undefined;
  if (idempotencyKey === undefined) throw bad('Last-Event-ID', 'it goes with the Idempotency-Key of the request whose stream it is of');
  return value;
}

/** Aborts when the client went before it was answered. */
export function gonePeer({ limits }: Pick<GatewayContext, 'limits'>, response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  takeTime(response, limits.stalledMs);
  response.on('close', () => gone.abort());
  if (response.destroyed) gone.abort();
  return gone.signal;
}

/** Why a run has no answer. Thrown as it is: it was made fit to be shown when the run ended. */
export class RunFailure extends OpenClawError {}

/** Throws why the run has no answer, unless it has one, or may have one yet. */
export function failureOf(outcome: Outcome | undefined): void {
  if (outcome === undefined || outcome.status === 'completed') return;
  if (outcome.status === 'cancelled') throw new RunFailure('CANCELLED', 'The run was cancelled.');
  const { code, message, retryAfterMs } = outcome.error;
  throw new RunFailure(code, message, { retryAfterMs });
}

export function shownOf(context: GatewayContext, thrown: unknown): OpenClawError {
  return thrown instanceof RunFailure ? thrown : context.shown(thrown);
}
