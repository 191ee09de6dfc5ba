import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { messagesApi } from './anthropic/messages.ts';
import { call } from './call/call.ts';
import type { CallTarget } from './call/target.ts';
import { knownTraits } from './capabilities/known.ts';
import type { ApiName, Traits } from './capabilities/traits.ts';
import type { Target } from './catalogue.ts';
import type { Capabilities, ModelEnd, ModelRequest, ModelSink } from './contract/broker.ts';
import type { HttpClient } from './http/port.ts';
import { type Control, levelsOf } from './levels/control.ts';
import { type Controls, createControls } from './levels/controls.ts';
import type { Fields } from './levels/fields.ts';
import type { Room } from './levels/room.ts';
import { withLevel } from './levels/with-level.ts';
import { chatApi } from './openai/chat.ts';
import type { ConfigOf, Provider } from './provider.ts';
import { levelApi, noPrefix } from './resolve.ts';
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
  const targetOf: Targets = (target, request) => {
    const all = request.headers ? { ...request.headers, ...headers } : headers;
    return { provider: name, model: target.name, apiKey, headers: all, ...timeouts, send, clock };
  };
  const base = { name, config, close: () => http.close() };
  const controls = createControls(levelApi(config), config.url, config.reasoning);
  if (config.kind === 'anthropic') return { ...base, ...messages(config, targetOf, controls) };
  return { ...base, ...(config.api === 'responses' ? responses(config, targetOf, controls) : chat(config, targetOf, controls)) };
}

type Speaking = Pick<Provider, 'capabilities' | 'stream'>;
type Targets = (target: Target, request: Pick<ModelRequest, 'headers'>) => CallTarget;

function chat(config: OwnConfig, targetOf: Targets, controls: Controls): Speaking {
  const traits = (target: Target): Traits => traitsOf('chat', config, target);
  return {
    capabilities: (target) => capabilitiesOf(traits(target), controls.of(target)),
    stream: (target, request, sink, signal, totalAt) =>
      withLevel({ control: () => controls.of(target), model: target.name }, request, sink, (told, into, fields) =>
        call(targetOf(target, request), chatApi(config.url, target.name, traits(target).prefix, told, fields), into, signal, totalAt),
      ),
  };
}

function messages(config: ConfigOf<'anthropic'>, targetOf: Targets, controls: Controls): Speaking {
  const traits = (target: Target): Traits => traitsOf('messages', config, target);
  const roomOf = (target: Target, asked: number | undefined): Room => {
    const { outputTokens } = traits(target);
    const maxTokens = asked ?? config.maxTokens ?? Math.min(outputTokens ?? UNKNOWN_MAX_TOKENS, MOST_DEFAULT_TOKENS);
    // Whoever says how long an answer may be means its thoughts, too.
    return {
      maxTokens,
      outputTokens: asked === undefined ? outputTokens : undefined,
      isConfigured: (asked ?? config.maxTokens) !== undefined,
    };
  };
  return {
    capabilities: (target) => capabilitiesOf(traits(target), controls.of(target)),
    stream(target, request, sink, signal, totalAt) {
      const room = roomOf(target, request.settings?.maxTokens);
      return withLevel({ control: () => controls.of(target), model: target.name, room }, request, sink, (told, into, fields) =>
        call(targetOf(target, request), messagesApi(config.url, target.name, room.maxTokens, told, fields), into, signal, totalAt),
      );
    },
  };
}

function responses(config: Extract<OwnConfig, { readonly api: 'responses' }>, targetOf: Targets, controls: Controls): Speaking {
  const { url, background } = config;
  const ask = async (
    target: Target,
    request: ModelRequest,
    fields: Fields,
    sink: ModelSink,
    signal: AbortSignal,
    totalAt: number,
  ): Promise<ModelEnd> => {
    const called = targetOf(target, request);
    let kept = request.attach;
    const api = responsesApi({ url, model: target.name, background, fields }, request, (response) => {
      kept = response;
    });
    try {
      return await call(called, api, sink, signal, totalAt);
    } catch (error) {
      if (signal.aborted && kept !== undefined && !isHandover(signal.reason)) void cancelResponse(called, url, kept);
      throw error;
    }
  };
  return {
    capabilities(target) {
      if (target.prefix && target.prefix !== 'none') throw new OpenClawError('BAD_CONFIG', noPrefix(`models.${target.name}`));
      const traits = knownTraits('responses', url, target.name);
      return capabilitiesOf({ ...traits, prefix: 'none', attach: background && traits.attach }, controls.of(target));
    },
    stream: (target, request, sink, signal, totalAt) =>
      withLevel({ control: () => controls.of(target), model: target.name }, request, sink, (told, into, fields) =>
        ask(target, told, fields, into, signal, totalAt),
      ),
  };
}

/** What a model's own configuration says, then the provider's, then the table. */
function traitsOf(api: ApiName, { url, prefix: ofProvider }: OwnConfig, { name, prefix = ofProvider }: Target): Traits {
  const traits = knownTraits(api, url, name);
  return prefix === undefined ? traits : { ...traits, prefix };
}

function capabilitiesOf({ prefix, attach, tools }: Traits, control: Control): Capabilities {
  return { prefix: prefix !== 'none', attach, tools, reasoning: levelsOf(control) };
}

/** See `ModelBroker.stream`. */
function isHandover(reason: unknown): boolean {
  return typeof reason === 'object' && reason !== null && 'handover' in reason && reason.handover === true;
}
