import { OpenClawError } from '@openclaw-runtime/protocol';
import type { PrefixStyle } from './capabilities/traits.ts';
import { nearest } from './failure/nearest.ts';
import type { ReasoningStyle } from './levels/dialect.ts';
import type { CallLimits } from './limits/call-limits.ts';

export interface ModelConfig {
  readonly provider: string;
  /** The name at the provider, where it is another. */
  readonly name?: string | undefined;
  /** Overrides that of the provider. */
  readonly prefix?: PrefixStyle | undefined;
  /** Overrides that of the provider. */
  readonly reasoning?: ReasoningStyle | undefined;
  /** In place of those of the provider. */
  readonly limits?: CallLimits | undefined;
  /** Models to ask, in this order, when this one was given up. */
  readonly fallback?: readonly string[] | undefined;
}

/** Which provider a model's name leads to, and what to call the model there. */
export interface Target {
  readonly provider: string;
  /** With the options of the configuration and of the caller. */
  readonly name: string;
  readonly prefix?: PrefixStyle | undefined;
  readonly reasoning?: ReasoningStyle | undefined;
  /** The name in the configuration, where it is there. */
  readonly model?: string;
  readonly fallbacks: readonly string[];
}

const NAMES_SHOWN = 20;
const NONE: readonly string[] = [];

/** Finds a model by its exact name, then by what stands before the query string; other names go to the default provider. Throws `NOT_FOUND`. */
export function findModel(asked: string, models: ReadonlyMap<string, ModelConfig>, defaultProvider: string | undefined): Target {
  const at = asked.indexOf('?');
  const bare = at < 0 ? asked : asked.slice(0, at);
  const exact = models.get(asked);
  if (exact) return targetOf(exact, asked, exact.name ?? asked);
  const model = models.get(bare);
  if (model) return targetOf(model, bare, withQuery(model.name ?? bare, asked.slice(bare.length)));
  if (defaultProvider !== undefined && bare !== '') return { provider: defaultProvider, name: asked, fallbacks: NONE };
  throw unknownModel(bare, [...models.keys()]);
}

function targetOf({ provider, prefix, reasoning, fallback = NONE }: ModelConfig, model: string, name: string): Target {
  return { provider, name, prefix, reasoning, model, fallbacks: fallback };
}

/** The caller's options come last and so override. */
function withQuery(name: string, query: string): string {
  return name.includes('?') && query !== '' ? `${name}&${query.slice(1)}` : name + query;
}

function unknownModel(asked: string, names: readonly string[]): OpenClawError {
  const near = nearest(asked, names);
  const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
  const rest = names.length > NAMES_SHOWN ? `, and ${names.length - NAMES_SHOWN} more` : '';
  const known =
    names.length === 0 ? 'None is configured: add one under models.' : `Known: ${names.slice(0, NAMES_SHOWN).join(', ')}${rest}.`;
  return new OpenClawError('NOT_FOUND', `There is no model "${asked.slice(0, 100)}".${hint} ${known}`);
}
