import type { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { z } from 'zod';
import { decodeState } from '../codec/decode.ts';
import type { AgentDefinition } from '../define-agent.ts';
import type { OperationDefinition } from '../operation.ts';
import type { OperationJob } from '../port.ts';
import type { Call } from './call.ts';
import { Events } from './events.ts';
import { failureOf } from './failure.ts';
import { contextOf, type Inside, textOf, valueOf } from './operation-context.ts';
import { Pieces } from './pieces.ts';

/**
 * Resolves to what the operation returned, as `encodeState` writes it. Rejects with `AGENT_FAILED`, `AGENT_VERSION`, `BAD_REQUEST`, `NONDETERMINISTIC`, with
 * what the run answered to a piece, or with the signal's reason.
 */
export async function runOperation(
  definition: AgentDefinition,
  job: OperationJob,
  call: Call,
  { clock, defer, inside }: TurnPorts,
): Promise<string | undefined> {
  const operation = definition.operations.get(job.operation);
  if (operation === undefined) {
    const known = [...definition.operations.keys()].join(', ') || 'none';
    throw call.own(new OpenClawError('NOT_FOUND', `The agent has no operation ${job.operation}. It has: ${known}.`));
  }
  const ending = Promise.withResolvers<unknown>();
  ending.promise.catch(nothing);
  const lose = (error: OpenClawError): void => {
    ending.reject(error);
    call.abort(error);
  };
  const pieces = new Pieces(job.pieces, { clock, defer, lose });
  const events = new Events(call, pieces, lose);
  call.whenStopped((reason) => pieces.close(() => reason));
  try {
    const args = argsOf(operation, job, call);
    const state = job.state === undefined ? definition.state() : await savedState(definition, job.state, call);
    const context = contextOf(definition, job, { call, clock, inside, pieces, events, state });
    Promise.resolve(operation.run(context, args)).then(ending.resolve, ending.reject);
    const value = await ending.promise;
    if (events.ahead) await events.told();
    const missed = pieces.missed('its end');
    if (missed !== undefined) throw call.own(missed);
    return textOf(value);
  } catch (thing) {
    if (call.stop !== undefined) throw call.stop;
    await events.told().catch(nothing);
    if (call.owns(thing)) throw thing;
    throw pieces.missed('an error') ?? failureOf('AGENT_FAILED', `Operation ${job.operation} failed`, thing);
  } finally {
    pieces.close(() => call.own(new OpenClawError('AGENT_FAILED', 'The operation has ended.')));
  }
}

function nothing(): void {}

async function savedState(
  { version, migrate }: AgentDefinition,
  { version: from, value }: NonNullable<OperationJob['state']>,
  call: Call,
): Promise<unknown> {
  const saved = decodeState(value);
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
  /** One for all operations of the thread. */
  readonly inside: AsyncLocalStorage<Inside>;
  /** Calls back at the end of the turn. */
  defer(fn: () => void): void;
}
