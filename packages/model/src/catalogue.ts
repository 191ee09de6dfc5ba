import { OpenClawError } from '@openclaw-runtime/protocol';
import { nearest } from './failure/nearest.ts';
import type { PrefixStyle } from './openai/capabilities.ts';

export interface ModelConfig {
  readonly provider: string;
  /** The name at the provider, where it is another. */
  readonly name?: string | undefined;
  /** Overrides that of the provider. */
  readonly prefix?: PrefixStyle | undefined;
}

/** Which provider a model's name leads to, and what to call the model there. */
export interface Target {
  readonly provider: string;
  /** With the options of the configuration and of the caller. */
  readonly name: string;
  readonly prefix?: PrefixStyle | undefined;
}

const NAMES_SHOWN = 20;

/** Finds a model by its exact name, then by what stands before the query string; other names go to the default provider. Throws `NOT_FOUND`. */
export function findModel(asked: string, models: ReadonlyMap<string, ModelConfig>, defaultProvider: string | undefined): Target {
  const at = asked.indexOf('?');
  const bare = at < 0 ? asked : asked.slice(0, at);
  const exact = models.get(asked);
  if (exact) return { provider: exact.provider, name: exact.name ?? asked, prefix: exact.prefix };
  const model = models.get(bare);
  if (model) return { provider: model.provider, name: withQuery(model.name ?? bare, asked.slice(bare.length)), prefix: model.prefix };
  if (defaultProvider !== undefined && bare !== '') return { provider: defaultProvider, name: asked };
  throw unknownModel(bare, [...models.keys()]);
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
