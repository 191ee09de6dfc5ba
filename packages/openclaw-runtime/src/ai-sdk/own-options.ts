import { InvalidArgumentError, type LanguageModelV4CallOptions } from '@ai-sdk/provider';
import type { Level } from '@openclaw-runtime/client';
import type { Budget } from '@openclaw-runtime/protocol';

/** `providerOptions.openclaw` of one call: what the AI SDK has no words for. */
export interface OpenClawCallOptions {
  /** Asks the model through this agent, where the model's name is not an agent itself. */
  readonly agent?: string;
  readonly level?: Level;
  readonly complexity?: string;
  /** A conversation that the server keeps: of the prompt only what stands behind the last answer is told. */
  readonly session?: string;
  /** US dollars, or limits in several units. An answer that has no room in it fails with status 402. */
  readonly budget?: number | Budget;
  /** The same key and request are the same answer, also from another process: it is told from its start, and not made again. */
  readonly idempotencyKey?: string;
  /** Milliseconds that text may wait for its record. */
  readonly tokenInterval?: number;
  /** What becomes of words that were told and do not stand: the stream ends with an error (the default), or each step is told only when it has ended. */
  readonly supersede?: 'error' | 'hold';
}

const NAMES = ['agent', 'level', 'complexity', 'session', 'budget', 'idempotencyKey', 'tokenInterval', 'supersede'];

/** Throws `InvalidArgumentError` for a name that is none of them; values are judged by the server. */
export function ownOptions({ providerOptions }: Pick<LanguageModelV4CallOptions, 'providerOptions'>): OpenClawCallOptions {
  const options = providerOptions?.['openclaw'] ?? {};
  for (const name of Object.keys(options)) if (!NAMES.includes(name)) throw wrong(name, `it is none of ${NAMES.join(', ')}`);
  const { supersede } = options;
  if (supersede !== undefined && supersede !== 'error' && supersede !== 'hold') throw wrong('supersede', 'give error or hold');
  return options as OpenClawCallOptions;
}

function wrong(name: string, why: string): InvalidArgumentError {
  return new InvalidArgumentError({ argument: `providerOptions.openclaw.${name}`, message: `providerOptions.openclaw.${name}: ${why}.` });
}
