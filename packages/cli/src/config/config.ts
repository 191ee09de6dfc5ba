import type { LimitRules } from '@openclaw-runtime/gateway';
import type { TierRules } from '@openclaw-runtime/runtime';
import type { Secret } from '../secrets/secret.ts';
import type { VaultPlace } from '../secrets/vault.ts';
import type { AuthSettings, TlsFiles } from './auth-settings.ts';

/** Everything that can be set, resolved: no option is missing, every unit is in its name, every cross-reference exists. */
export interface Config {
  /** The file it came from; absent when there is none. */
  readonly file?: string;
  readonly server: ServerConfig;
  readonly auth: AuthSettings;
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
  readonly tools: ToolSettings;
  /** How deep models think where neither a request nor its agent says it. */
  readonly reasoning: HouseReasoning;
  readonly budgets: Readonly<Partial<Record<'run' | 'task' | 'session' | 'agent' | 'tenant' | 'day', BudgetSettings>>>;
  /** MCP servers by name. */
  readonly mcp: Readonly<Record<string, McpSettings>>;
  readonly threads: ThreadSettings;
  readonly secrets: SecretSettings;
  readonly limits: LimitSettings;
  /** Absent: everything stays in tier 0. */
  readonly tiers?: TierRules;
  readonly retention: RetentionSettings;
  /** WebSocket addresses by `environment/cluster`. */
  readonly clusters: Readonly<Record<string, readonly string[]>>;
  readonly cluster: ClusterSettings;
  readonly monitoring: MonitoringSettings;
  /** Absent: nothing is traced. */
  readonly tracing?: TracingSettings;
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
  readonly tls?: TlsFiles;
  /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies?: readonly string[];
  /** Where metrics are read, on the loopback address; 0 is any free port. Absent: 9090, unless that is taken. */
  readonly metricsPort?: number;
}

export type ProviderSettings = OpenAiSettings | AnthropicSettings | GeminiSettings | OllamaSettings | AiSdkSettings | SimulatedSettings;

/** What is absent is the model broker's to choose. */
interface ReachedSettings {
  readonly apiKey?: Secret;
  readonly reasoning?: ReasoningWay;
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

/** How models are told how hard to think: in a provider's own fields, in words (`prompt`), or not at all. */
export type ReasoningWay =
  | ('openai' | 'adaptive' | 'budget' | 'gemini' | 'gemini-budget' | 'xai' | 'deepseek' | 'qwen')
  | ('vllm' | 'sglang' | 'llama.cpp' | 'ollama' | 'openrouter' | 'ai-sdk' | 'prompt' | 'none');

export interface ModelSettings {
  readonly provider: string;
  /** At the provider; absent: as here. */
  readonly name?: string;
  readonly prefix?: PrefixWay;
  /** In place of that of the provider. */
  readonly reasoning?: ReasoningWay;
  /** In place of those of the provider. */
  readonly limits?: CallLimitSettings;
  /** Models to ask, in this order, when this one is given up. */
  readonly fallback?: readonly string[];
  /** Absent: what its provider lists, where that is known. */
  readonly price?: PriceSettings;
}

/** US dollars for a million tokens. */
export interface PriceSettings {
  readonly input: number;
  readonly output: number;
  /** Of input that the provider has in its cache; absent: as other input. */
  readonly cachedInput?: number;
  /** Absent: as other output. */
  readonly thinking?: number;
}

/** What is absent is for the agent's module to say, where it has one. */
export interface AgentSettings {
  readonly instructions?: string;
  readonly model?: string;
  readonly description?: string;
  readonly module?: ModuleSettings;
  /** Names of tools of the house and of MCP servers that it may call, with `*` for any rest of a name. */
  readonly uses?: readonly string[];
  readonly permissions?: PermissionSettings;
  /** By the names that its code knows them by. */
  readonly secrets?: Readonly<Record<string, Secret>>;
  /** A thread of its own. */
  readonly dedicated?: boolean;
  readonly snapshotIntervalMs?: number;
  readonly reasoning?: ReasoningLevels;
  /** What all its runs together may take, in place of `budgets.agent`. */
  readonly budget?: BudgetSettings;
}

/** What may be taken; what is absent has no limit. */
export interface BudgetSettings {
  readonly usd?: number;
  readonly tokens?: number;
  /** Milliseconds of model calls. */
  readonly ms?: number;
}

/** How deep models think. */
export interface ReasoningLevels {
  /** `auto`: as much as each request seems to need; `off`: their provider's own. */
  readonly level?: 1 | 2 | 3 | 4 | 'auto' | 'off';
  readonly maxLevel?: 1 | 2 | 3 | 4;
  /** The level of each tag that a request may have as its `complexity`. */
  readonly levelThresholds?: Readonly<Record<string, 1 | 2 | 3 | 4>>;
  /** A tag means its level and never one more. */
  readonly exact?: boolean;
}

export interface HouseReasoning extends ReasoningLevels {
  /** `builtin`, or the name of a model that is asked; absent: `builtin`. */
  readonly predictor?: string;
  /** That such a model has. */
  readonly judgeTimeoutMs?: number;
  /** What the built-in one may look at; absent: all. */
  readonly features?: readonly string[];
  /** Whether outcomes are learned from; absent: yes. */
  readonly learn?: boolean;
  /** Whether an answer that failed its check is given again, deeper; absent: where an agent has a check of its own. */
  readonly escalate?: boolean;
}

/** Where an agent's code is. */
export interface ModuleSettings {
  /** `file:` */
  readonly url: string;
  /** Who says so, as in `openclaw.yaml:7: agents.coder.module`. */
  readonly namedAt: string;
}

/** Patterns of tools' names: those that are called without a word, those that a person is asked about, and those that are not called. */
export interface PermissionSettings {
  readonly allow?: readonly string[];
  readonly ask?: readonly string[];
  readonly deny?: readonly string[];
}

/** Tools of the house: a group that is there turns its tools on. What is absent in it is the tools' to choose. */
export interface ToolSettings {
  /** Absent: on. */
  readonly calc?: boolean;
  readonly http?: {
    readonly allow?: readonly string[];
    readonly deny?: readonly string[];
    readonly ports?: readonly number[];
    readonly allowAddresses?: readonly string[];
    readonly methods?: readonly ('GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[];
    readonly timeoutMs?: number;
    readonly maxBytes?: number;
  };
  readonly fs?: {
    readonly writable?: boolean;
    readonly timeoutMs?: number;
    readonly maxFileBytes?: number;
    readonly maxFiles?: number;
    readonly maxTotalBytes?: number;
  };
  readonly shell?: {
    readonly programs: readonly string[];
    readonly path?: readonly string[];
    readonly env?: Readonly<Record<string, Value>>;
    readonly network?: boolean;
    readonly readable?: readonly string[];
    readonly unsandboxed?: boolean;
    readonly timeoutMs?: number;
    readonly maxOutputBytes?: number;
  };
  /** Tools that a person is asked about, whoever's agent calls them. */
  readonly ask?: readonly string[];
  /** Bytes that a model is told of one call. */
  readonly maxResultBytes?: number;
}

export type Value = string | Secret;

export type McpSettings = McpPlace & {
  readonly pin?: string;
  readonly tools?: readonly string[];
  readonly timeoutMs?: number;
  readonly startTimeoutMs?: number;
  readonly approve?: 'always' | 'writes' | 'never';
  readonly elicitation?: 'none' | 'defaults';
};

type McpPlace =
  | {
      readonly kind: 'stdio';
      readonly command: string;
      readonly args?: readonly string[];
      readonly env?: Readonly<Record<string, Value>>;
      /** Absolute. */
      readonly cwd: string;
    }
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly headers?: Readonly<Record<string, Value>>;
      readonly auth?: McpAuthSettings;
    };

/** As the tools have it, with secrets that are not read yet. */
export type McpAuthSettings =
  | {
      readonly grant: 'person';
      readonly clientId?: string;
      readonly secret?: Secret;
      readonly issuer?: string;
      readonly scope?: string;
      readonly clientMetadataUrl?: string;
      readonly redirectPort?: number;
    }
  | {
      readonly grant: 'machine';
      readonly clientId: string;
      readonly secret: Secret | { readonly privateKey: Secret; readonly algorithm: string };
      readonly issuer: string;
      readonly scope?: string;
    }
  | {
      readonly grant: 'enterprise';
      readonly clientId: string;
      readonly secret: Secret;
      readonly issuer: string;
      readonly provider: {
        readonly clientId: string;
        readonly secret?: Secret;
        readonly idToken: Secret;
      } & ({ readonly issuer: string } | { readonly tokenEndpoint: string });
    };

/** What is absent is the pool's to choose. */
export interface ThreadSettings {
  /** Absent: as many as the machine has processors. */
  readonly max?: number;
  /** Calls of agents' code that one thread takes at once. */
  readonly perThread?: number;
  readonly heapMiB?: number;
  /** Processes that hold the threads; absent or 0: this one. */
  readonly hosts?: number;
  /** That each of these processes may take, all in all; absent: no limit. */
  readonly hostMemoryMiB?: number;
  /** In bubblewrap, apart from other processes and from the data. */
  readonly hostSandbox?: boolean;
}

export interface SecretSettings {
  /** Milliseconds between two looks at a secret's place. */
  readonly refreshMs: number;
  readonly vault?: VaultPlace;
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
  /** In which a run did nothing but wait for people, until it leaves its thread and memory. */
  readonly parkAfterMs: number;
  /** In which a run waits for a budget, until it ends as `budget_exhausted`. */
  readonly budgetWaitMs: number;
  /** Which a new run may be expected to wait until somebody works on it: beyond it is refused. */
  readonly maxWaitMs: number;
  /** That this process may take; absent: what its control group or the machine has. */
  readonly memoryBytes?: number;
  /** Absent: of who came with a key of its own, what the gateway says; of others none. */
  readonly perKey?: LimitRules;
  readonly perTenant?: LimitRules;
  readonly perAddress?: LimitRules;
}

export interface ClusterSettings {
  readonly adaptiveReasoning: boolean;
  readonly streaming: boolean;
  /** Milliseconds that text may wait for its record where the caller says nothing. */
  readonly tokenIntervalMs: number;
  /** Of agents that say nothing of it; absent: their modules say. */
  readonly snapshotIntervalMs?: number;
}

export interface TracingSettings {
  /** Where traces are posted, in full; absent: where the variables of OpenTelemetry say. */
  readonly url?: string;
  readonly headers: Readonly<Record<string, Secret>>;
  /** The part of the runs that is traced, 0–1, where whoever asks does not say it. */
  readonly sample: number;
  /** Whether spans hold what people, models and tools said. */
  readonly content: boolean;
  /** Who is told of the trace that a request belongs to. */
  readonly propagate: readonly ('providers' | 'mcp' | 'http')[];
}

export interface MonitoringSettings {
  readonly metricsPath: string;
  /** Whether anything is measured. */
  readonly prometheusEnabled: boolean;
  /** Milliseconds of the past that alerts are about, and for which one has to be over its threshold. */
  readonly windowMs: number;
  readonly forMs: number;
  /** The part of the runs that is to end well, 0–1: what exported rules are about. */
  readonly objective: number;
  /** An address that is told of alerts. */
  readonly webhook?: Secret;
  readonly alertThresholds: {
    readonly latencyP99Ms: number;
    /** 0–1, like the next. */
    readonly errorRate: number;
    readonly threadPoolUtilization: number;
  };
}
