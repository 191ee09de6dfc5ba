import type { Config } from '../config/config.ts';

/** Kinds of providers in OpenTelemetry's words. */
const NAMES: Readonly<Record<string, string>> = { anthropic: 'anthropic', gemini: 'gcp.gemini' };

/** Who has a model: as OpenTelemetry calls it, else by the name that the configuration has for it. */
export function createProviderOf({ models, providers, defaultProvider }: Pick<Config, 'models' | 'providers' | 'defaultProvider'>) {
  return (model: string): string | undefined => {
    const provider = Object.hasOwn(models, model) ? models[model]?.provider : defaultProvider;
    if (provider === undefined) return undefined;
    const settings = Object.hasOwn(providers, provider) ? providers[provider] : undefined;
    if (settings?.kind === 'openai' && URL.parse(settings.baseUrl)?.hostname === 'api.openai.com') return 'openai';
    return NAMES[settings?.kind ?? ''] ?? provider;
  };
}
