import { type BrokerChange, type ChangingBroker, createBroker, type ProviderConfig } from '@openclaw-runtime/model';
import type { Config, ProviderSettings } from '../config/config.ts';
import type { HousePorts } from './house.ts';

export function openBroker(config: Config, { clock, random }: HousePorts): ChangingBroker {
  return createBroker({ ...brokerChange(config), clock, random });
}

/** What the broker takes of a configuration, then and later. */
export function brokerChange({ providers, models, defaultProvider }: Config): BrokerChange {
  const settings = Object.entries(providers).map(([name, provider]) => [name, providerConfig(provider)] as const);
  return { providers: Object.fromEntries(settings), models, defaultProvider };
}

function providerConfig(provider: ProviderSettings): ProviderConfig {
  if (provider.kind === 'simulated') return provider;
  const { apiKey, ...rest } = provider;
  const key = apiKey ? { apiKey: () => apiKey.reveal() } : {};
  if (rest.kind !== 'ai-sdk') return { ...rest, ...key };
  const secrets = Object.entries(rest.secrets ?? {}).map(([option, secret]) => [option, () => secret.reveal()] as const);
  return { ...rest, ...key, secrets: Object.fromEntries(secrets) };
}
