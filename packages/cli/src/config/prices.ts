import { listPriceOf, type Price } from '@openclaw-runtime/reasoning';
import type { Config } from './config.ts';

/** What a model costs, by the name that runs have for it: as configured, else as its provider lists it; `undefined` where neither is known. */
export function createPriceOf({ models, providers, defaultProvider }: Pick<Config, 'models' | 'providers' | 'defaultProvider'>) {
  return (model: string): Price | undefined => {
    const bare = model.split('?')[0] ?? model;
    const settings = Object.hasOwn(models, bare) ? models[bare] : undefined;
    if (settings?.price !== undefined) return settings.price;
    const provider = settings?.provider ?? defaultProvider;
    const kind = provider !== undefined && Object.hasOwn(providers, provider) ? providers[provider]?.kind : undefined;
    // What runs on a machine of one's own is not paid for by the token.
    if (kind === 'simulated' || kind === 'ollama') return FREE;
    return listPriceOf(settings?.name ?? bare);
  };
}

const FREE: Price = { input: 0, output: 0 };
