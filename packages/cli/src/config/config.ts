import type { Secret } from './secret.ts';

/** Everything that can be set, resolved: no option is missing, every unit is in its name, every cross-reference exists. */
export interface Config {
  /** The file it came from; absent when there is none. */
  readonly file?: string;
  readonly server: ServerConfig;
  /** Absolute path of the data folder. */
  readonly dataDir: string;
  readonly durability: { readonly text: 'process' | 'disk' };
  readonly providers: Readonly<Record<string, ProviderSettings>>;
  readonly models: Readonly<Record<string, ModelSettings>>;
  /** The provider that gets model names which are not in `models`; absent: such names are refused. */
  readonly defaultProvider?: string;
  readonly defaultModel: string;
  /** Providers that nobody configured, the default one first, each with what they were found by. */
  readonly recognised: readonly Recognised[];
  /** Holds an agent `default` always. */
  readonly agents: Readonly<Record<string, AgentSettings>>;
  readonly limits: LimitSettings;
  readonly retention: RetentionSettings;
  /** WebSocket addresses by `environment/cluster`. */
  readonly clusters: Readonly<Record<string, readonly string[]>>;
  readonly cluster: ClusterSettings;
  readonly monitoring: MonitoringSettings;
  /** Things the user should be told once, such as that the simulated model answers. */
  readonly notes: readonly string[];
}

export interface Recognised {
  readonly provider: string;
  /** As in "OPENAI_API_KEY is set". */
  readonly because: string;
}

export interface ServerConfig {
  readonly host: string;
  /** 0 is any free port. */
  readonly port: number;
  readonly token?: Secret;
  /** Origins of web pages that may connect, besides the server's own. */
  readonly origins: readonly string[];
  /** Reserved: metrics are not served yet. */
  readonly metricsPort?: number;
}

export type ProviderSettings = OpenAiSettings | AnthropicSettings | GeminiSettings | OllamaSettings | AiSdkSettings | SimulatedSettings;

/** What is absent is the model broker's to choose. */
interface ReachedSettings {
  readonly apiKey?: Secret;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeouts?: { readonly totalMs?: number; readonly firstChunkMs?: number; readonly betweenChunksMs?: number };
  readonly retries?: { readonly max?: number; readonly baseMs?: number; readonly capMs?: number };
  readonly circuit?: { readonly failures?: number; readonly openMs?: number };
  /** Sockets to the provider at a time. */
  readonly connections?: number;
  /** For all models of the provider together, save those with limits of their own. */
  readonly limits?: CallLimitSettings;
}

/** What may go to a model at once and per minute. */
export interface CallLimitSettings {
  readonly concurrency?: number;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  /** Calls that may wait. */
  readonly queue?: number;
}

export interface OpenAiSettings extends ReachedSettings {
  readonly kind: 'openai';
  readonly baseUrl: string;
  readonly prefix?: PrefixWay;
  readonly api?: 'chat' | 'responses';
  /** With `responses`: the provider goes on where nobody listens, and can be attached to again. */
  readonly background?: boolean;
}

export interface AnthropicSettings extends ReachedSettings {
  readonly kind: 'anthropic';
  readonly baseUrl?: string;
  readonly prefix?: 'none' | 'assistant';
  /** Tokens of one answer. */
  readonly maxTokens?: number;
}

interface SdkSettings extends ReachedSettings {
  readonly prefix?: 'none' | 'assistant';
  /** By the name of the AI SDK's provider: what it takes with each call. */
  readonly providerOptions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface GeminiSettings extends SdkSettings {
  readonly kind: 'gemini';
  readonly baseUrl?: string;
}

export interface OllamaSettings extends SdkSettings {
  readonly kind: 'ollama';
  readonly baseUrl?: string;
}

/** A package of the AI SDK. */
export interface AiSdkSettings extends SdkSettings {
  readonly kind: 'ai-sdk';
  /** As in `npm install`, or a path that begins with a dot. */
  readonly package: string;
  /** Absolute: where the package is installed, the folder of the configuration file. */
  readonly folder: string;
  /** The name of its `createX`. */
  readonly export?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** More options, which nobody is shown. */
  readonly secrets?: Readonly<Record<string, Secret>>;
}

/** The simulated model; its options travel in the model's name (`simulated?tokens=20&ms=200`). */
export interface SimulatedSettings {
  readonly kind: 'simulated';
  readonly limits?: CallLimitSettings;
}

/** How a provider is asked to go on from given text. */
export type PrefixWay = 'none' | 'continue_final_message' | 'deepseek' | 'assistant';

export interface ModelSettings {
  readonly provider: string;
  /** At the provider; absent: as here. */
  readonly name?: string;
  readonly prefix?: PrefixWay;
  /** In place of those of the provider. */
  readonly limits?: CallLimitSettings;
  /** Models to ask, in this order, when this one is given up. */
  readonly fallback?: readonly string[];
}

export interface AgentSettings {
  readonly instructions?: string;
  readonly model?: string;
  readonly description?: string;
}

/** What becomes of runs that have ended. */
export interface RetentionRules {
  /** Milliseconds until a snapshot stands for a run's records. */
  readonly compactAfterMs: number;
  /** Milliseconds until nothing is left of a run; absent: never. */
  readonly deleteAfterMs?: number;
  /** Bytes to which runs are deleted, the oldest first; absent: no limit. */
  readonly maxBytes?: number;
}

export interface RetentionSettings extends RetentionRules {
  readonly tenants: Readonly<Record<string, RetentionRules>>;
}

export interface LimitSettings {
  readonly maxConcurrentRuns: number;
  readonly maxConnections: number;
  /** Attempts of one step, the first included. */
  readonly attempts: number;
  /** UTF-16 units that recovery of one run may generate again. */
  readonly regeneratedChars: number;
  /** Attempts in a row that added nothing. */
  readonly noProgressAttempts: number;
  /** From a run's creation to its end. */
  readonly runMs: number;
}

export interface ClusterSettings {
  readonly maxThreads: number;
  readonly adaptiveReasoning: boolean;
  readonly streaming: boolean;
  /** Milliseconds that text may wait for its record where the caller says nothing. */
  readonly tokenIntervalMs: number;
  readonly snapshotIntervalMs: number;
}

export interface MonitoringSettings {
  readonly metricsPath: string;
  readonly prometheusEnabled: boolean;
  readonly alertThresholds: {
    readonly latencyP99Ms: number;
    /** 0–1, like the next. */
    readonly errorRate: number;
    readonly threadPoolUtilization: number;
  };
}
