import type { RuntimeSettings } from '@openclaw-runtime/runtime';
import { budgetLimitsOf } from '../config/budgets.ts';
import type { Config } from '../config/config.ts';
import { createPriceOf } from '../config/prices.ts';

/** The configuration as it is by now. */
export interface Live {
  readonly config: Config;
  readonly priceOf: ReturnType<typeof createPriceOf>;
  set(config: Config): void;
}

export function createLive(first: Config): Live {
  let config = first;
  let priceOf = createPriceOf(first);
  return {
    get config() {
      return config;
    },
    priceOf: (model) => priceOf(model),
    set(next) {
      config = next;
      priceOf = createPriceOf(next);
    },
  };
}

/** What of a configuration runs go by, but for agents. */
export function settingsOf(config: Config): Omit<RuntimeSettings, 'agents'> {
  const { defaultModel, reasoning, limits, tiers, durability, cluster } = config;
  return {
    defaultModel,
    reasoning,
    budgets: budgetLimitsOf(config),
    limits,
    ...(tiers && { tiers }),
    textDurability: durability.text,
    tokenIntervalMs: cluster.tokenIntervalMs,
    streaming: cluster.streaming,
  };
}

/** What the gateway goes by for those that come. */
export function gatewayChange({ server, limits }: Config) {
  return { origins: server.origins, connections: limits.maxConnections, connectionsPerAddress: limits.maxConnections };
}
