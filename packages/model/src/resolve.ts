import type { SharedV4ProviderOptions } from '@ai-sdk/provider';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { GEMINI_URL, geminiUrl, OLLAMA_URL, ollamaUrl } from './ai-sdk/address.ts';
import { endpointUrl } from './call/endpoint.ts';
import type { PrefixStyle } from './capabilities/traits.ts';
import type { CircuitLimits } from './circuit.ts';
import { checkStyle, type LevelApi, type ReasoningStyle } from './levels/dialect.ts';
import { type CallLimits, type ResolvedLimits, resolveLimits } from './limits/call-limits.ts';
import type { RetryLimits } from './retry.ts';
import type { SimulatedOptions } from './simulated/options.ts';

type Loose<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Milliseconds. Only content counts as a chunk: comments and empty deltas do not. */
export interface Timeouts {
  /** The whole call, retries included. */
  readonly totalMs: number;
  readonly firstChunkMs: number;
  readonly betweenChunksMs: number;
}

interface Common {
  readonly timeouts?: Loose<Timeouts> | undefined;
  readonly retries?: Loose<RetryLimits> | undefined;
  readonly circuit?: Loose<CircuitLimits> | undefined;
  /** For all models of this provider together, save those with limits of their own. */
  readonly limits?: CallLimits | undefined;
}

/** What our own clients are told of a provider's address. */
interface Reached extends Common {
  /** Asked for each call, so that a key may change. */
  readonly apiKey?: (() => string | undefined) | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sockets to this provider; calls beyond them wait. */
  readonly connections?: number | undefined;
  /** How its models are told how hard to think; by their names and the provider's address unless given. */
  readonly reasoning?: ReasoningStyle | undefined;
}

/** Any OpenAI-compatible `/v1/chat/completions`, or `/v1/responses`. */
export interface OpenAiConfig extends Reached {
  readonly kind: 'openai';
  /** With `/v1` or without. */
  readonly baseUrl: string;
  /** `chat` by default. */
  readonly api?: 'chat' | 'responses' | undefined;
  /** For `responses`: the provider goes on when the connection breaks, and the response can be read again. True by default; else nothing is kept there. */
  readonly background?: boolean | undefined;
  /** For `chat`: how this provider goes on from given text; by the table of capabilities unless given. */
  readonly prefix?: PrefixStyle | undefined;
}

/** Anthropic's `/v1/messages`, or what is compatible with it. */
export interface AnthropicConfig extends Reached {
  readonly kind: 'anthropic';
  /** With `/v1` or without; `https://api.anthropic.com` by default. */
  readonly baseUrl?: string | undefined;
  /** Whether models go on from a final assistant message; by the table of capabilities unless given. */
  readonly prefix?: 'none' | 'assistant' | undefined;
  /** Tokens of one answer, which this API wants to be told; by the table of capabilities, at most 32,000, unless given. */
  readonly maxTokens?: number | undefined;
}

/** What providers of the AI SDK are told besides. */
interface SdkReached extends Reached {
  /** Whether models go on from a final assistant message; `none` unless given. */
  readonly prefix?: 'none' | 'assistant' | undefined;
  /** What the provider's package takes with each call, under its own name, such as `{google: {thinkingConfig: {includeThoughts: true}}}`. */
  readonly providerOptions?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
}

/** Google's Gemini, through the AI SDK. */
export interface GeminiConfig extends SdkReached {
  readonly kind: 'gemini';
  /** With `/v1beta` or without. */
  readonly baseUrl?: string | undefined;
}

/** Ollama's own API, through the AI SDK. */
export interface OllamaConfig extends SdkReached {
  readonly kind: 'ollama';
  /** With `/api` or without; `http://127.0.0.1:11434` by default. */
  readonly baseUrl?: string | undefined;
}

/** Any package of the AI SDK that has language models of specification v4. */
export interface AiSdkConfig extends SdkReached {
  readonly kind: 'ai-sdk';
  /** As in `npm install`, or a path that begins with a dot. */
  readonly package: string;
  /** The name of its `createX`; found by itself where there is one only. */
  readonly export?: string | undefined;
  /** Absolute: where the package is looked for, and where a path starts. */
  readonly folder: string;
  /** What `createX` takes. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** More of it, which nobody is shown; asked for each call, as `apiKey` is. */
  readonly secrets?: Readonly<Record<string, () => string>> | undefined;
}

/** The simulated model; the options are the defaults of those in the model's name. */
export interface SimulatedConfig extends Common, Loose<SimulatedOptions> {
  readonly kind: 'simulated';
}

export type ProviderConfig = OpenAiConfig | AnthropicConfig | GeminiConfig | OllamaConfig | AiSdkConfig | SimulatedConfig;

interface Resolved {
  readonly timeouts: Timeouts;
  readonly retries: RetryLimits;
  readonly circuit: CircuitLimits;
  /** Absent where nothing is limited. */
  readonly limits: ResolvedLimits | undefined;
}

/** Where a provider is, and what to say there. */
interface Reachable extends Resolved {
  /** Of the API itself. */
  readonly url: string;
  readonly apiKey: () => string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  /** Absent: as the table of capabilities has it. */
  readonly prefix?: PrefixStyle;
  /** Absent: as the table of levels has it. */
  readonly reasoning?: ReasoningStyle;
}

interface SdkReachable extends Reachable {
  readonly providerOptions: SharedV4ProviderOptions;
}

export type ResolvedProvider =
  | (Reachable & { readonly kind: 'openai'; readonly api: 'chat' })
  | (Reachable & { readonly kind: 'openai'; readonly api: 'responses'; readonly background: boolean })
  | (Reachable & { readonly kind: 'anthropic'; readonly maxTokens?: number })
  | (SdkReachable & { readonly kind: 'gemini' })
  | (SdkReachable & { readonly kind: 'ollama' })
  | (Omit<SdkReachable, 'url'> & {
      readonly kind: 'ai-sdk';
      readonly package: string;
      readonly export: string | undefined;
      readonly folder: string;
      readonly options: Readonly<Record<string, unknown>>;
      readonly secrets: Readonly<Record<string, () => string>>;
    })
  | (Resolved & { readonly kind: 'simulated'; readonly options: Loose<SimulatedOptions> });

const TIMEOUTS: Timeouts = { totalMs: 600_000, firstChunkMs: 60_000, betweenChunksMs: 30_000 };
const RETRIES: RetryLimits = { max: 4, baseMs: 250, capMs: 10_000 };
const CIRCUIT: CircuitLimits = { failures: 8, openMs: 10_000 };
const CONNECTIONS = 256;
const ANTHROPIC_URL = 'https://api.anthropic.com';

/** Loose outside, total inside: the one place of all defaults. Throws `BAD_CONFIG`. */
export function resolveProvider(name: string, config: ProviderConfig): ResolvedProvider {
  const { timeouts, retries, circuit, limits, ...rest } = config;
  const common = {
    timeouts: fill(name, 'timeouts', TIMEOUTS, timeouts),
    retries: fill(name, 'retries', RETRIES, retries),
    circuit: fill(name, 'circuit', CIRCUIT, circuit),
    limits: resolveLimits(`providers.${name}.limits`, limits),
  };
  if (rest.kind === 'simulated') {
    const { kind, ...options } = rest;
    return { kind, ...common, options };
  }
  const { apiKey = () => undefined, headers = {}, connections = CONNECTIONS, prefix, reasoning } = rest;
  checkStyle(`providers.${name}`, levelApi(rest), reasoning);
  const reached = { ...common, apiKey, headers, connections, ...(prefix && { prefix }), ...(reasoning && { reasoning }) };
  if (rest.kind === 'anthropic') {
    const { kind, baseUrl = ANTHROPIC_URL, maxTokens } = rest;
    return { kind, ...reached, url: endpointUrl(name, baseUrl, 'messages'), ...(maxTokens && { maxTokens }) };
  }
  if (rest.kind !== 'openai') return resolveSdk(name, rest, reached);
  const { kind, baseUrl, api = 'chat', background = true } = rest;
  if (api === 'chat') return { kind, api, ...reached, url: endpointUrl(name, baseUrl, 'chat/completions') };
  if (prefix && prefix !== 'none') throw new OpenClawError('BAD_CONFIG', noPrefix(`providers.${name}`));
  return { kind, api, ...reached, url: endpointUrl(name, baseUrl, 'responses'), background };
}

function resolveSdk(name: string, config: GeminiConfig | OllamaConfig | AiSdkConfig, reached: Omit<Reachable, 'url'>): ResolvedProvider {
  const common = { ...reached, providerOptions: (config.providerOptions ?? {}) as SharedV4ProviderOptions };
  const { kind } = config;
  if (kind === 'gemini') return { kind, ...common, url: geminiUrl(name, config.baseUrl ?? GEMINI_URL) };
  if (kind === 'ollama') return { kind, ...common, url: ollamaUrl(name, config.baseUrl ?? OLLAMA_URL) };
  const { package: pkg, folder, options = {}, secrets = {} } = config;
  return { kind, ...common, package: pkg, export: config.export, folder, options, secrets };
}

/** By which API levels reach the models of a provider. */
export function levelApi(config: {
  readonly kind: 'openai' | 'anthropic' | 'gemini' | 'ollama' | 'ai-sdk';
  readonly api?: 'chat' | 'responses' | undefined;
}): LevelApi {
  if (config.kind === 'openai') return config.api ?? 'chat';
  return config.kind === 'anthropic' ? 'messages' : config.kind;
}

export function noPrefix(where: string): string {
  return `${where}.prefix is set, but the Responses API goes on from no given text. Leave it out, or set api: chat.`;
}

function fill<T extends { readonly [K in keyof T]: number }>(name: string, part: string, defaults: T, given: Loose<T> | undefined): T {
  const all = { ...defaults };
  for (const key of Object.keys(defaults) as (keyof T & string)[]) {
    const value = given?.[key];
    if (value === undefined) continue;
    if (!Number.isFinite(value) || value < 0) {
      throw new OpenClawError('BAD_CONFIG', `providers.${name}.${part}.${key} is ${value}. Give a number that is not negative.`);
    }
    all[key] = value;
  }
  return all;
}
