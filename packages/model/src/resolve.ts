import { OpenClawError } from '@openclaw-runtime/protocol';
import type { CircuitLimits } from './circuit.ts';
import { knownPrefixStyle, type PrefixStyle } from './openai/capabilities.ts';
import { completionsUrl } from './openai/url.ts';
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
}

/** Any OpenAI-compatible `/v1/chat/completions`. */
export interface OpenAiConfig extends Common {
  readonly kind: 'openai';
  /** With `/v1` or without. */
  readonly baseUrl: string;
  /** Asked for each call, so that a key may change. */
  readonly apiKey?: (() => string | undefined) | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sockets to this provider; calls beyond them wait. */
  readonly connections?: number | undefined;
  /** How this provider goes on from given text; `none` unless the host is known. */
  readonly prefix?: PrefixStyle | undefined;
}

/** The simulated model; the options are the defaults of those in the model's name. */
export interface SimulatedConfig extends Common, Loose<SimulatedOptions> {
  readonly kind: 'simulated';
}

export type ProviderConfig = OpenAiConfig | SimulatedConfig;

interface Resolved {
  readonly timeouts: Timeouts;
  readonly retries: RetryLimits;
  readonly circuit: CircuitLimits;
}

export type ResolvedProvider =
  | (Resolved & {
      readonly kind: 'openai';
      readonly url: string;
      readonly apiKey: () => string | undefined;
      readonly headers: Readonly<Record<string, string>>;
      readonly connections: number;
      readonly prefix: PrefixStyle;
    })
  | (Resolved & { readonly kind: 'simulated'; readonly options: Loose<SimulatedOptions> });

const TIMEOUTS: Timeouts = { totalMs: 600_000, firstChunkMs: 60_000, betweenChunksMs: 30_000 };
const RETRIES: RetryLimits = { max: 4, baseMs: 250, capMs: 10_000 };
const CIRCUIT: CircuitLimits = { failures: 8, openMs: 10_000 };
const CONNECTIONS = 256;

/** Loose outside, total inside: the one place of all defaults. Throws `BAD_CONFIG`. */
export function resolveProvider(name: string, config: ProviderConfig): ResolvedProvider {
  const { timeouts, retries, circuit, ...rest } = config;
  const common = {
    timeouts: fill(name, 'timeouts', TIMEOUTS, timeouts),
    retries: fill(name, 'retries', RETRIES, retries),
    circuit: fill(name, 'circuit', CIRCUIT, circuit),
  };
  if (rest.kind === 'simulated') {
    const { kind, ...options } = rest;
    return { kind, ...common, options };
  }
  const { kind, baseUrl, apiKey = () => undefined, headers = {}, connections = CONNECTIONS, prefix } = rest;
  const url = completionsUrl(name, baseUrl);
  return { kind, ...common, url, apiKey, headers, connections, prefix: prefix ?? knownPrefixStyle(url) };
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
