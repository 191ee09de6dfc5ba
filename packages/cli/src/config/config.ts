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
  /** Holds an agent `default` always. */
  readonly agents: Readonly<Record<string, AgentSettings>>;
  readonly limits: LimitSettings;
  /** WebSocket addresses by `environment/cluster`. */
  readonly clusters: Readonly<Record<string, readonly string[]>>;
  readonly cluster: ClusterSettings;
  readonly monitoring: MonitoringSettings;
  /** Things the user should be told once, such as that the simulated model answers. */
  readonly notes: readonly string[];
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

export type ProviderSettings = OpenAiSettings | SimulatedSettings;

/** What is absent is the model broker's to choose. */
export interface OpenAiSettings {
  readonly kind: 'openai';
  readonly baseUrl: string;
  readonly apiKey?: Secret;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeouts?: { readonly totalMs?: number; readonly firstChunkMs?: number; readonly betweenChunksMs?: number };
  readonly retries?: { readonly max?: number; readonly baseMs?: number; readonly capMs?: number };
  readonly circuit?: { readonly failures?: number; readonly openMs?: number };
  /** Sockets to the provider at a time. */
  readonly connections?: number;
  readonly prefix?: PrefixWay;
}

/** The simulated model; its options travel in the model's name (`simulated?tokens=20&ms=200`). */
export interface SimulatedSettings {
  readonly kind: 'simulated';
}

/** How a provider is asked to go on from given text. */
export type PrefixWay = 'none' | 'continue_final_message' | 'deepseek' | 'assistant';

export interface ModelSettings {
  readonly provider: string;
  /** At the provider; absent: as here. */
  readonly name?: string;
  readonly prefix?: PrefixWay;
}

export interface AgentSettings {
  readonly instructions?: string;
  readonly model?: string;
  readonly description?: string;
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
