import type { Clock, Random } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { findModel, type ModelConfig, type Target } from './catalogue.ts';
import { createCircuits } from './circuits.ts';
import type { ModelBroker, ModelInfo } from './contract/broker.ts';
import type { HttpClient } from './http/port.ts';
import { createUndiciClient } from './http/undici.ts';
import { createOpenAiProvider, createSimulatedProvider, type Provider } from './provider.ts';
import { type ProviderConfig, resolveProvider } from './resolve.ts';
import { retrying } from './retry.ts';
import { createSimulated, type Simulated } from './simulated/simulated.ts';

export interface BrokerOptions {
  readonly providers: Readonly<Record<string, ProviderConfig>>;
  readonly models: Readonly<Record<string, ModelConfig>>;
  /** Where names that `models` does not have go, as they were given. */
  readonly defaultProvider?: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** A pool of at most `connections` sockets, one for each provider; undici's by default. */
  readonly http?: ((connections: number, clock: Clock) => HttpClient) | undefined;
}

/** Opens nothing before the first call. Throws `BAD_CONFIG`. */
export function createBroker(options: BrokerOptions): ModelBroker {
  const { clock, random, defaultProvider } = options;
  const models = new Map(Object.entries(options.models));
  const providers = createProviders(options);
  checkProviders(models, defaultProvider, providers);
  const circuits = createCircuits(clock);
  let closed = false;

  const find = (model: string): { readonly target: Target; readonly provider: Provider } => {
    const target = findModel(model, models, defaultProvider);
    return { target, provider: providers.get(target.provider) as Provider };
  };
  const info = (model: string): ModelInfo => {
    const { target, provider } = find(model);
    const simulated = provider.config.kind === 'simulated';
    return { name: model, provider: provider.name, simulated, capabilities: provider.capabilities(target) };
  };

  for (const name of models.keys()) checkModel(name, info);

  return {
    info,
    list: () => [...models.keys()].map(info),
    async stream(request, sink, signal) {
      if (closed) throw shuttingDown();
      const { target, provider } = find(request.model);
      if (request.prefix && !provider.capabilities(target).prefix) {
        throw new OpenClawError('BAD_REQUEST', `The model "${request.model}" cannot go on from given text. Ask without a prefix.`);
      }
      const { retries: limits, circuit: circuitLimits, timeouts } = provider.config;
      const totalAt = clock.now() + timeouts.totalMs;
      const circuit = circuits.of(provider.name, target.name, circuitLimits);
      return retrying({ limits, circuit, totalAt, clock, random }, sink, signal, async (watched) => {
        if (closed) throw shuttingDown();
        try {
          return await provider.stream(target, request, watched, signal, totalAt);
        } catch (error) {
          throw closed && !signal.aborted ? shuttingDown() : error;
        }
      });
    },
    async close() {
      closed = true;
      await Promise.all([...providers.values()].map((provider) => provider.close()));
    },
  };
}

function createProviders({ providers, clock, random, http = createUndiciClient }: BrokerOptions): ReadonlyMap<string, Provider> {
  let simulated: Simulated | undefined;
  const created = new Map<string, Provider>();
  for (const [name, loose] of Object.entries(providers)) {
    const config = resolveProvider(name, loose);
    if (config.kind === 'openai') {
      created.set(name, createOpenAiProvider(name, config, http(config.connections, clock), clock));
    } else {
      simulated ??= createSimulated(clock, random);
      created.set(name, createSimulatedProvider(name, config, simulated));
    }
  }
  return created;
}

function checkProviders(
  models: ReadonlyMap<string, ModelConfig>,
  defaultProvider: string | undefined,
  providers: ReadonlyMap<string, Provider>,
): void {
  const known = [...providers.keys()].join(', ') || 'none';
  for (const [name, { provider }] of models) {
    if (providers.has(provider)) continue;
    throw new OpenClawError('BAD_CONFIG', `models.${name}.provider is "${provider}", which is not configured. Known providers: ${known}.`);
  }
  if (defaultProvider !== undefined && !providers.has(defaultProvider)) {
    throw new OpenClawError('BAD_CONFIG', `The default provider "${defaultProvider}" is not configured. Known providers: ${known}.`);
  }
}

/** Wrong options in the configuration are found before anybody asks. */
function checkModel(name: string, info: (model: string) => ModelInfo): void {
  try {
    info(name);
  } catch (error) {
    throw new OpenClawError('BAD_CONFIG', `models.${name}: ${OpenClawError.from(error).message}`, { cause: error });
  }
}

function shuttingDown(): OpenClawError {
  return new OpenClawError('SHUTTING_DOWN', 'The model broker was closed. Ask again after the restart.');
}
