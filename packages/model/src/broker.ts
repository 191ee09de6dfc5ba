import type { Clock, Random } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { createApiProvider } from './api-providers.ts';
import { BrokerCall, type CallHouse } from './broker-call.ts';
import { findModel, type ModelConfig, type Target } from './catalogue.ts';
import { type Circuits, createCircuits } from './circuits.ts';
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

export type BrokerChange = Pick<BrokerOptions, 'providers' | 'models' | 'defaultProvider'>;

/** A broker whose models may become others while it is at work. */
export interface ChangingBroker extends ModelBroker {
  /**
   * Calls that are under way end as they began; all others go by the new configuration, with new connections and closed circuits. What limits count goes on being
   * counted. Throws `BAD_CONFIG`, and then nothing has changed.
   */
  change(next: BrokerChange): void;
}

/** What a configuration says. */
interface Table {
  readonly models: ReadonlyMap<string, ModelConfig>;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly defaultProvider: string | undefined;
  readonly circuits: Circuits;
  /** Calls that are under way. */
  calls: number;
}

/** Where a model's name leads. */
interface Route {
  readonly target: Target;
  readonly provider: Provider;
}

/** Opens nothing before the first call. Throws `BAD_CONFIG`. */
export function createBroker(options: BrokerOptions): ChangingBroker {
  const { clock, random } = options;
  const simulated = createSimulated(clock, random);
  const tableOf = (given: BrokerChange): Table => {
    const models = new Map(Object.entries(given.models));
    const providers = createProviders({ ...options, ...given }, simulated);
    checkProviders(models, given.defaultProvider, providers);
    const made = { models, providers, defaultProvider: given.defaultProvider, circuits: createCircuits(clock), calls: 0 };
    for (const name of models.keys()) checkModel(name, (model) => infoIn(made, model));
    return made;
  };
  let table = tableOf(options);
  const gates = createGates(limitsOfModels(table.models), limitsOfProviders(table.providers), clock);
  /** Those of before whose calls have not ended. */
  const left = new Set<Table>();
  let closed = false;

  const leave = (before: Table): void => {
    left.delete(before);
    // One that does not close holds nothing up; it has no calls.
    for (const provider of before.providers.values()) provider.close().catch(() => undefined);
  };

  const ended = (from: Table): void => {
    if (--from.calls === 0 && from !== table) leave(from);
  };

  const house: CallHouse = { clock, random, closed: () => (closed ? shuttingDown() : undefined) };

  /** Tells {@link ended} when the call is over. Throws where nothing was begun. */
  const stream = (from: Table, request: ModelRequest, sink: ModelSink, signal: AbortSignal): Promise<ModelEnd> => {
    const { target, provider } = findIn(from, request.model);
    if (request.prefix || request.attach) checkRequest(request, provider.capabilities(target));
    const gate = gates.of(target);
    const circuit = from.circuits.of(provider.name, target.name, provider.config.circuit);
    const asked = { target, provider, circuit, request, signal };
    if (!gate) return retrying(new BrokerCall(house, asked, { over: () => ended(from) }), sink, signal);
    // Nobody waits for a model that is left alone.
    circuit.check();
    const call = (admitted: Admitted): Promise<ModelEnd> => retrying(new BrokerCall(house, asked, { admitted }), sink, signal);
    return withinLimits(gate, request, sink, signal, call).finally(() => ended(from));
  };

  const info = (model: string): ModelInfo => infoIn(table, model);

  return {
    info,
    list: () => [...table.models.keys()].map(info),
    stream(request, sink, signal) {
      if (closed) return Promise.reject(shuttingDown());
      const from = table;
      from.calls++;
      try {
        return stream(from, request, sink, signal);
      } catch (error) {
        ended(from);
        return Promise.reject(error as Error);
      }
    },
    change(next) {
      if (closed) throw shuttingDown();
      const [before, after] = [table, tableOf(next)];
      // What may throw comes first.
      const limits = [[...limitsOfModels(after.models)], [...limitsOfProviders(after.providers)]] as const;
      table = after;
      gates.change(...limits);
      if (before.calls === 0) leave(before);
      else left.add(before);
    },
    async close() {
      closed = true;
      gates.close(shuttingDown());
      simulated.close();
      const all = [table, ...left].flatMap(({ providers }) => [...providers.values()]);
      await Promise.all(all.map((provider) => provider.close()));
    },
  };
}

function findIn({ models, providers, defaultProvider }: Table, model: string): Route {
  const target = findModel(model, models, defaultProvider);
  return { target, provider: providers.get(target.provider) as Provider };
}

function infoIn(table: Table, model: string): ModelInfo {
  const { target, provider } = findIn(table, model);
  const simulated = provider.config.kind === 'simulated';
  return { name: model, provider: provider.name, simulated, capabilities: provider.capabilities(target), fallbacks: target.fallbacks };
}

function createProviders(
  { providers, clock, http = createUndiciClient }: Pick<BrokerOptions, 'providers' | 'clock' | 'http'>,
  simulated: Simulated,
): ReadonlyMap<string, Provider> {
  const created = new Map<string, Provider>();
  for (const [name, loose] of Object.entries(providers)) {
    const config = resolveProvider(name, loose);
    if (config.kind === 'openai' || config.kind === 'anthropic') {
      created.set(name, createApiProvider(name, config, http(config.connections, clock), clock));
    } else if (config.kind !== 'simulated') {
      created.set(name, createSdkProvider(name, config, http(config.connections, clock), clock));
    } else {
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
