import type { ErrorBody, Finish, Message, Settings, ToolCall, ToolSpec, Usage } from '@openclaw-runtime/protocol';

/** How hard to think: 1 answers at once, 4 takes its time. */
export type Level = 1 | 2 | 3 | 4;

/** What became of a level that was asked for. */
export interface Leveled {
  readonly wanted: Level;
  /** What the provider was told, as JSON; absent where it was told nothing. */
  readonly sent?: string;
  /** Why it will not think as was wanted, and what to do about it. */
  readonly warning?: string;
}

/** One question to a model. */
export interface ModelRequest {
  /** As the caller gave it; a query string after the name (`simulated?tokens=20&ms=200`) holds options for the provider. */
  readonly model: string;
  readonly messages: readonly Message[];
  readonly tools?: readonly ToolSpec[];
  /** Assistant text that was already delivered: the answer goes on from its end. Only where the model's capability `prefix` is true. */
  readonly prefix?: string;
  /** The provider's name for a response that an earlier call began: it is read again from its start. Only where the model's capability `attach` is true. */
  readonly attach?: string;
  /** How hard to think; absent leaves it to the provider. */
  readonly level?: Level;
  /** How to answer. What its API has no word for is refused with `BAD_REQUEST`. */
  readonly settings?: Settings;
  /** Whose call it is: tenants that wait for the same model take turns. */
  readonly tenant?: string;
  /** Sent with the request, such as the trace that it belongs to; configured ones go before them. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where an answer goes while it comes. What a sink throws ends the call and reaches the caller unchanged. */
export interface ModelSink {
  /** Once per delta of the provider, never with ''. */
  text(delta: string): void;
  /** Like `text`, for what the model thinks aloud. */
  thinking(delta: string): void;
  /** The provider is asked now: said at each try. */
  asked?(): void;
  /** Before each wait for a retry; nothing was delivered so far. */
  retry(error: ErrorBody, delayMs: number): void;
  /** The model takes no more calls at once; `ahead` wait before this one. Said when the wait begins. */
  queued(ahead: number): void;
  /** The provider keeps the response under this name. Said before the first delta. */
  responding(response: string): void;
  /** Where a level was asked for: said before each try, and once more where it then shows that the level was not passed on, or that no answer came behind the thoughts. */
  leveled?(leveled: Leveled): void;
  /** Tokens of a try that did not come to its end, where the provider said how many; said before its error. */
  spent?(usage: Usage): void;
  /** Asked before more is read from the provider's socket; when defined, reading waits for it. */
  full(): Promise<void> | undefined;
}

/** How an answer ended. The text is what the sink got. */
export interface ModelEnd {
  readonly finish: Finish;
  readonly usage: Usage;
  readonly toolCalls: readonly ToolCall[];
}

export interface Capabilities {
  /** Whether the model can go on from the end of given assistant text. */
  readonly prefix: boolean;
  /** Whether a response that broke off here can be read again there. */
  readonly attach: boolean;
  readonly tools: boolean;
  /** The levels that it can be told apart; [1] for a model that does not think, empty where nobody knows. */
  readonly reasoning: readonly Level[];
}

export interface ModelInfo {
  readonly name: string;
  readonly provider: string;
  readonly simulated: boolean;
  readonly capabilities: Capabilities;
  /** Models to ask, in this order, when this one was given up. */
  readonly fallbacks: readonly string[];
}

/** Why to abort a call whose answer is still wanted: somebody else will read it from the provider that keeps it. */
export interface Handover {
  readonly handover: true;
}

/** The one door through which runs reach models. */
export interface ModelBroker {
  /** Throws `NOT_FOUND` with the known names and the nearest one; `BAD_REQUEST` where a simulated model's options are wrong. */
  info(model: string): ModelInfo;
  /** The configured models, in the order of the configuration. */
  list(): readonly ModelInfo[];
  /**
   * One model call. Retries by itself as long as nothing was delivered to the sink and the error is retryable; after
   * content, or once the provider keeps the response, it throws, and the caller decides. Where the model has limits, it first waits for its turn; time-outs begin
   * after that. An aborted signal closes the provider's socket at once and rejects with the signal's reason.
   * A response that the provider keeps is then cancelled there, unless the reason is a {@link Handover}.
   *
   * Throws `PROVIDER_REFUSED`, `PROVIDER_FAILED`, `PROVIDER_MALFORMED`, `PROVIDER_RATE_LIMITED`, `PROVIDER_TIMEOUT`, `CIRCUIT_OPEN`,
   * `RATE_LIMITED` when too many calls wait, `NOT_FOUND` when the provider does not know the model or the response to attach to, what {@link info} throws, and
   * `SHUTTING_DOWN` once closed.
   */
  stream(request: ModelRequest, sink: ModelSink, signal: AbortSignal): Promise<ModelEnd>;
  /** Closes every connection; streams still open reject with `SHUTTING_DOWN`. */
  close(): Promise<void>;
}
