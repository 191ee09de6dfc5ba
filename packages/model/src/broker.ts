import type { Clock, Random } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { createApiProvider } from './api-providers.ts';
import { findModel, type ModelConfig, type Target } from './catalogue.ts';
import type { Circuit } from './circuit.ts';
import { createCircuits } from './circuits.ts';
import type { Capabilities, ModelBroker, ModelEnd, ModelInfo, ModelRequest, ModelSink } from './contract/broker.ts';
import type { HttpClient } from './http/port.ts';
import { createUndiciClient } from './http/undici.ts';
import { type ResolvedLimits, resolveLimits } from './limits/call-limits.ts';
import { createGates } from './limits/gates.ts';
import { type Admitted, withinLimits } from './limits/within.ts';
import { createSimulatedProvider, type Provider } from './provider.ts';
import { type ProviderConfig, resolveProvider } from './resolve.ts';
import { retrying } from './retry.ts';
import { createSdkProvider } from './sdk-provider.ts';
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

/** Where a model's name leads. */
interface Route {
  readonly target: Target;
  readonly provider: Provider;
}

/** Opens nothing before the first call. Throws `BAD_CONFIG`. */
export function createBroker(options: BrokerOptions): ModelBroker {
  const { clock, random, defaultProvider } = options;
  const models = new Map(Object.entries(options.models));
  const providers = createProviders(options);
  checkProviders(models, defaultProvider, providers);
  const circuits = createCircuits(clock);
  const gates = createGates(limitsOfModels(models), limitsOfProviders(providers), clock);
  let closed = false;

  const find = (model: string): Route => {
    const target = findModel(model, models, defaultProvider);
    return { target, provider: providers.get(target.provider) as Provider };
  };
  const info = (model: string): ModelInfo => {
    const { target, provider } = find(model);
    const simulated = provider.config.kind === 'simulated';
    return { name: model, provider: provider.name, simulated, capabilities: provider.capabilities(target), fallbacks: target.fallbacks };
  };

  for (const name of models.keys()) checkModel(name, info);

  /** One call, retries included. `admitted` where the model has limits. */
  const call = (route: Route, request: ModelRequest, sink: ModelSink, signal: AbortSignal, admitted?: Admitted): Promise<ModelEnd> => {
    const { target, provider } = route;
    const { retries: limits, timeouts } = provider.config;
    const totalAt = clock.now() + timeouts.totalMs;
    const circuit = circuitOf(route);
    return retrying({ limits, circuit, totalAt, clock, random, again: admitted?.again }, sink, signal, async (watched) => {
      if (closed) throw shuttingDown();
      admitted?.asked();
      sink.asked?.();
      try {
        return await provider.stream(target, request, watched, signal, totalAt);
      } catch (error) {
        throw closed && !signal.aborted ? shuttingDown() : error;
      }
    });
  };
  const circuitOf = ({ target, provider }: Route): Circuit => circuits.of(provider.name, target.name, provider.config.circuit);

  return {
    info,
    list: () => [...models.keys()].map(info),
    async stream(request, sink, signal) {
      if (closed) throw shuttingDown();
      const route = find(request.model);
      const { target, provider } = route;
      if (request.prefix || request.attach) checkRequest(request, provider.capabilities(target));
      const gate = gates.of(target);
      if (!gate) return call(route, request, sink, signal);
      // Nobody waits for a model that is left alone.
      circuitOf(route).check();
      return withinLimits(gate, request, sink, signal, (admitted) => call(route, request, sink, signal, admitted));
    },
    async close() {
      closed = true;
      gates.close(shuttingDown());
      await Promise.all([...providers.values()].map((provider) => provider.close()));
    },
  };
}

function createProviders({ providers, clock, random, http = createUndiciClient }: BrokerOptions): ReadonlyMap<string, Provider> {
  let simulated: Simulated | undefined;
  const created = new Map<string, Provider>();
  for (const [name, loose] of Object.entries(providers)) {
    const config = resolveProvider(name, loose);
    if (config.kind === 'openai' || config.kind === 'anthropic') {
      created.set(name, createApiProvider(name, config, http(config.connections, clock), clock));
    } else if (config.kind !== 'simulated') {
      created.set(name, createSdkProvider(name, config, http(config.connections, clock), clock));
    } else {
      simulated ??= createSimulated(clock, random);
      created.set(name, createSimulatedProvider(name, config, simulated));
    }
  }
  return created;
}

function* limitsOfModels(models: ReadonlyMap<string, ModelConfig>): Generator<readonly [string, ResolvedLimits | undefined]> {
  for (const [name, { limits }] of models) yield [name, resolveLimits(`models.${name}.limits`, limits)];
}

function* limitsOfProviders(providers: ReadonlyMap<string, Provider>): Generator<readonly [string, ResolvedLimits | undefined]> {
  for (const [name, { config }] of providers) yield [name, config.limits];
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
    for (const fallback of info(name).fallbacks) info(fallback);
  } catch (error) {
    throw new OpenClawError('BAD_CONFIG', `models.${name}: ${OpenClawError.from(error).message}`, { cause: error });
  }
}

function checkRequest({ model, prefix, attach }: ModelRequest, can: Capabilities): void {
  if (prefix && !can.prefix)
    throw new OpenClawError('BAD_REQUEST', `The model "${model}" cannot go on from given text. Ask without a prefix.`);
  if (attach && !can.attach) throw new OpenClawError('BAD_REQUEST', `The model "${model}" keeps no responses. Ask without attach.`);
}

function shuttingDown(): OpenClawError {
  return new OpenClawError('SHUTTING_DOWN', 'The model broker was closed. Ask again after the restart.');
}
