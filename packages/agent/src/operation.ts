import type { z } from 'zod';
import type { OperationContext } from './context.ts';
import { checkNumber, wrong } from './names.ts';

/** An operation's function; `S` is the agent's state. A method in form only, so that each may name the arguments it takes. */
export type OperationFunction<S, A = unknown, R = unknown> = { run(context: OperationContext<S>, args: A): R | Promise<R> }['run'];

export interface OperationOptions<S, A = unknown, R = unknown> {
  readonly description?: string;
  /** Milliseconds from its start to its end; absent: the run's own limit. */
  readonly timeoutMs?: number;
  /** Checks what it is given; absent: it is given whatever the caller sent. */
  readonly args?: z.ZodType<A>;
  readonly run: OperationFunction<S, A, R>;
}

/** What {@link operation} makes. */
export interface OperationDefinition<S, A = unknown, R = unknown> extends OperationOptions<S, A, R> {
  readonly kind: 'operation';
}

/**
 * An operation that stands outside of `defineAgent`, where its context's type has to be written: `operation(async (ctx: OperationContext<State>, args) => …)`.
 * Inside, the function or the options alone will do, and `ctx` is typed by the agent's state. Throws `BAD_CONFIG`.
 */
export function operation<S, A = unknown, R = unknown>(
  given: OperationFunction<S, A, R> | OperationOptions<S, A, R>,
): OperationDefinition<S, A, R> {
  const options: OperationOptions<S, A, R> = typeof given === 'function' ? { run: given } : given;
  if (typeof options.run !== 'function')
    throw wrong('The operation has no function. Write operation(async (ctx, args) => { … }) or operation({ run }).');
  checkNumber('timeoutMs of an operation', options.timeoutMs, 1, Number.MAX_SAFE_INTEGER);
  return { ...options, kind: 'operation' };
}
