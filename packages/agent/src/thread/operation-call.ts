import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { z } from 'zod';
import { decodeState } from '../codec/decode.ts';
import type { AgentDefinition } from '../define-agent.ts';
import type { OperationDefinition } from '../operation.ts';
import type { OperationJob } from '../port.ts';
import type { Call } from './call.ts';
import { createEvents } from './events.ts';
import { failureOf } from './failure.ts';
import { contextOf, textOf, valueOf } from './operation-context.ts';
import { createPieces } from './pieces.ts';

/**
 * Resolves to what the operation returned, as `encodeState` writes it. Rejects with `AGENT_FAILED`, `AGENT_VERSION`, `BAD_REQUEST`, `NONDETERMINISTIC`, with
 * what the run answered to a piece, or with the signal's reason.
 */
export async function runOperation(
  definition: AgentDefinition,
  job: OperationJob,
  call: Call,
  { clock, defer }: TurnPorts,
): Promise<string | undefined> {
  const operation = definition.operations.get(job.operation);
  if (operation === undefined) {
    const known = [...definition.operations.keys()].join(', ') || 'none';
    throw call.own(new OpenClawError('NOT_FOUND', `The agent has no operation ${job.operation}. It has: ${known}.`));
  }
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => {});
  const lose = (error: OpenClawError): void => {
    lost.reject(error);
    call.abort(error);
  };
  const pieces = createPieces(job.pieces, { clock, defer, lose });
  const events = createEvents(call, pieces, lose);
  call.signal.addEventListener('abort', () => pieces.close(call.signal.reason), { once: true });
  try {
    const args = argsOf(operation, job, call);
    const context = contextOf(definition, job, { call, clock, pieces, events, state: await stateOf(definition, job, call) });
    const value = await Promise.race([operation.run(context, args), lost.promise]);
    await events.told();
    const missed = pieces.missed('its end');
    if (missed !== undefined) throw call.own(missed);
    return textOf(value);
  } catch (thing) {
    if (call.signal.aborted) throw call.signal.reason;
    await events.told().catch(() => {});
    if (call.owns(thing)) throw thing;
    throw pieces.missed('an error') ?? failureOf('AGENT_FAILED', `Operation ${job.operation} failed`, thing);
  } finally {
    pieces.close(call.own(new OpenClawError('AGENT_FAILED', 'The operation has ended.')));
  }
}

async function stateOf({ version, state, migrate }: AgentDefinition, job: OperationJob, call: Call): Promise<unknown> {
  if (job.state === undefined) return state();
  const saved = decodeState(job.state.value);
  const from = job.state.version;
  if (from === version) return saved;
  const refusal = `The state was saved by version ${from} of the agent, and this is version ${version}`;
  if (migrate === undefined) throw call.own(new OpenClawError('AGENT_VERSION', `${refusal}. Give the agent a migrate(old, from).`));
  try {
    return await migrate(saved, from);
  } catch (thing) {
    throw call.own(failureOf('AGENT_VERSION', `${refusal}; its migrate failed`, thing));
  }
}

function argsOf(operation: OperationDefinition<unknown>, job: OperationJob, call: Call): unknown {
  const args = valueOf(job.args);
  if (operation.args === undefined) return args;
  const checked = operation.args.safeParse(args);
  if (checked.success) return checked.data;
  throw call.own(
    new OpenClawError('BAD_REQUEST', `Operation ${job.operation} cannot take these arguments: ${z.prettifyError(checked.error)}`),
  );
}

export interface TurnPorts {
  readonly clock: Clock;
  /** Calls back at the end of the turn. */
  defer(fn: () => void): void;
}
