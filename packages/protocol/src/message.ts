/** One message of a conversation, in the shape every chat provider knows. */
export type Message =
  | { readonly role: 'system' | 'user'; readonly content: string; readonly name?: string }
  | { readonly role: 'assistant'; readonly content: string; readonly toolCalls?: readonly ToolCall[] }
  | { readonly role: 'tool'; readonly toolCallId: string; readonly content: string };

/** A tool as the model is told of it; `parameters` is a JSON Schema object. */
export interface ToolSpec {
  readonly name: string;
  readonly description?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** The model's arguments are held to `parameters`, where its provider can do that. */
  readonly strict?: boolean;
}

/** How a model is to answer. A provider that cannot do what is asked refuses the call, rather than to leave it out. */
export interface Settings {
  readonly temperature?: number;
  readonly topP?: number;
  /** Tokens of one answer, its thoughts included where its provider counts them so. */
  readonly maxTokens?: number;
  /** Texts at which the answer ends. */
  readonly stop?: readonly string[];
  readonly seed?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  /** `json` is any object; a schema holds it to a shape. */
  readonly format?: 'json' | AnswerSchema;
  /** Of the run's first step; later ones are free to call or to answer, save that `none` stays. */
  readonly toolChoice?: 'auto' | 'none' | 'required' | { readonly name: string };
  /** Whether one step may call several tools. */
  readonly parallelTools?: boolean;
  readonly verbosity?: 'low' | 'medium' | 'high';
}

/** The shape of an answer in JSON; `schema` is a JSON Schema object. */
export interface AnswerSchema {
  readonly name: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly description?: string;
  readonly strict?: boolean;
}

/** A call the model made; `arguments` is JSON text exactly as the model wrote it, which may be invalid JSON. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** Tokens as the provider counted them; 0 where it said nothing. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly cachedTokens: number;
}

export const NO_USAGE: Usage = { inputTokens: 0, outputTokens: 0, reasoningTokens: 0, cachedTokens: 0 };

export function addUsage(a: Usage, b: Usage): Usage {
  const sum = { ...a };
  for (const key of Object.keys(NO_USAGE) as (keyof Usage)[]) (sum as Record<keyof Usage, number>)[key] += b[key];
  return sum;
}
