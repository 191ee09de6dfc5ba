import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { messagesApi } from './anthropic/messages.ts';
import { call } from './call/call.ts';
import type { CallTarget } from './call/target.ts';
import { knownTraits } from './capabilities/known.ts';
import type { ApiName, Traits } from './capabilities/traits.ts';
import type { Target } from './catalogue.ts';
import type { Capabilities } from './contract/broker.ts';
import type { HttpClient } from './http/port.ts';
import { chatApi } from './openai/chat.ts';
import type { ConfigOf, Provider } from './provider.ts';
import { noPrefix } from './resolve.ts';
import { cancelResponse } from './responses/cancel.ts';
import { responsesApi } from './responses/responses.ts';

type OwnConfig = ConfigOf<'openai' | 'anthropic'>;

/** An Anthropic answer that may be longer is asked for by the configuration. */
const MOST_DEFAULT_TOKENS = 32_000;
const UNKNOWN_MAX_TOKENS = 8_192;

/** The provider for an API that we speak ourselves. */
export function createApiProvider(name: string, config: OwnConfig, http: HttpClient, clock: Clock): Provider {
  const { apiKey, headers, timeouts } = config;
  const { send } = http;
  const targetOf = (target: Target): CallTarget => ({ provider: name, model: target.name, apiKey, headers, ...timeouts, send, clock });
  const base = { name, config, close: () => http.close() };
  if (config.kind === 'anthropic') return { ...base, ...messages(config, targetOf) };
  return { ...base, ...(config.api === 'responses' ? responses(config, targetOf) : chat(config, targetOf)) };
}

type Speaking = Pick<Provider, 'capabilities' | 'stream'>;
type Targets = (target: Target) => CallTarget;

function chat(config: OwnConfig, targetOf: Targets): Speaking {
  const traits = (target: Target): Traits => traitsOf('chat', config, target);
  return {
    capabilities: (target) => capabilitiesOf(traits(target)),
    stream: (target, request, sink, signal, totalAt) =>
      call(targetOf(target), chatApi(config.url, target.name, traits(target).prefix, request), sink, signal, totalAt),
  };
}

function messages(config: ConfigOf<'anthropic'>, targetOf: Targets): Speaking {
  const traits = (target: Target): Traits => traitsOf('messages', config, target);
  const maxTokensOf = (target: Target): number =>
    config.maxTokens ?? Math.min(traits(target).outputTokens ?? UNKNOWN_MAX_TOKENS, MOST_DEFAULT_TOKENS);
  return {
    capabilities: (target) => capabilitiesOf(traits(target)),
    stream: (target, request, sink, signal, totalAt) =>
      call(targetOf(target), messagesApi(config.url, target.name, maxTokensOf(target), request), sink, signal, totalAt),
  };
}

function responses(config: Extract<OwnConfig, { readonly api: 'responses' }>, targetOf: Targets): Speaking {
  const { url, background } = config;
  return {
    capabilities(target) {
      if (target.prefix && target.prefix !== 'none') throw new OpenClawError('BAD_CONFIG', noPrefix(`models.${target.name}`));
      const traits = knownTraits('responses', url, target.name);
      return capabilitiesOf({ ...traits, prefix: 'none', attach: background && traits.attach });
    },
    async stream(target, request, sink, signal, totalAt) {
      const called = targetOf(target);
      let kept = request.attach;
      const api = responsesApi({ url, model: target.name, background }, request, (response) => {
        kept = response;
      });
      try {
        return await call(called, api, sink, signal, totalAt);
      } catch (error) {
        if (signal.aborted && kept !== undefined && !isHandover(signal.reason)) void cancelResponse(called, url, kept);
        throw error;
      }
    },
  };
}

/** What a model's own configuration says, then the provider's, then the table. */
function traitsOf(api: ApiName, { url, prefix: ofProvider }: OwnConfig, { name, prefix = ofProvider }: Target): Traits {
  const traits = knownTraits(api, url, name);
  return prefix === undefined ? traits : { ...traits, prefix };
}

function capabilitiesOf({ prefix, attach, tools, reasoning }: Traits): Capabilities {
  return { prefix: prefix !== 'none', attach, tools, reasoning };
}

/** See `ModelBroker.stream`. */
function isHandover(reason: unknown): boolean {
  return typeof reason === 'object' && reason !== null && 'handover' in reason && reason.handover === true;
}
