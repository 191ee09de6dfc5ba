import type { LanguageModelV4CallOptions, SharedV4Warning } from '@ai-sdk/provider';
import type { RunOptions } from '@openclaw-runtime/client';
import type { Settings, ToolSpec } from '@openclaw-runtime/protocol';
import { ownOptions } from './own-options.ts';
import { messagesOf, newsOf } from './prompt.ts';

/** One call as a run. */
export interface Asked {
  readonly run: RunOptions;
  readonly supersede: 'error' | 'hold';
  /** What of the call has no effect here. */
  readonly warnings: SharedV4Warning[];
}

const AGENT = 'agent:';

const LEVELS = { none: 1, minimal: 1, low: 2, medium: 3, high: 4, xhigh: 4, max: 4 } as const;

/** Throws `InvalidArgumentError`, `UnsupportedFunctionalityError`. */
export function askedOf(modelId: string, options: LanguageModelV4CallOptions): Asked {
  const { supersede = 'error', ...own } = ownOptions(options);
  const warnings: SharedV4Warning[] = [];
  if (options.topK !== undefined) warnings.push({ type: 'unsupported', feature: 'topK' });
  if (Object.values(options.headers ?? {}).some((value) => value !== undefined) && hasOwnHeaders(options))
    warnings.push({ type: 'unsupported', feature: 'headers', details: 'The connection is a WebSocket that all calls share.' });
  const tools = toolsOf(options, warnings);
  const settings = settingsOf(options);
  const { reasoning } = options;
  const level = reasoning === undefined || reasoning === 'provider-default' ? undefined : LEVELS[reasoning];
  const whom = modelId.startsWith(AGENT) ? { agent: modelId.slice(AGENT.length) } : { model: modelId };
  const prompt = own.session === undefined ? options.prompt : newsOf(options.prompt);
  const run: RunOptions = {
    ...(level === undefined ? {} : { level }),
    ...own,
    ...whom,
    input: messagesOf(prompt),
    ...(tools.length > 0 ? { tools } : {}),
    ...(Object.keys(settings).length > 0 ? { settings } : {}),
  };
  return { run, supersede, warnings };
}

/** The AI SDK adds its own name to those of the caller. */
function hasOwnHeaders({ headers = {} }: LanguageModelV4CallOptions): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() !== 'user-agent');
}

function toolsOf({ tools = [] }: LanguageModelV4CallOptions, warnings: SharedV4Warning[]): readonly ToolSpec[] {
  return tools.flatMap((tool): readonly ToolSpec[] => {
    if (tool.type === 'provider') {
      warnings.push({ type: 'unsupported', feature: `provider-defined tool ${tool.id}`, details: 'An agent has tools of its own.' });
      return [];
    }
    const { name, description, inputSchema, strict } = tool;
    return [
      {
        name,
        parameters: inputSchema as NonNullable<ToolSpec['parameters']>,
        ...(description === undefined ? {} : { description }),
        ...(strict === undefined ? {} : { strict }),
      },
    ];
  });
}

function settingsOf(options: LanguageModelV4CallOptions): Settings {
  const { temperature, topP, maxOutputTokens, stopSequences, seed, presencePenalty, frequencyPenalty } = options;
  const settings: { readonly [K in keyof Settings]: Settings[K] | undefined } = {
    temperature,
    topP,
    maxTokens: maxOutputTokens,
    stop: stopSequences?.length ? stopSequences : undefined,
    seed,
    presencePenalty,
    frequencyPenalty,
    format: formatOf(options.responseFormat),
    toolChoice: choiceOf(options.toolChoice),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function formatOf(format: LanguageModelV4CallOptions['responseFormat']): Settings['format'] {
  if (format?.type !== 'json') return undefined;
  const { schema, name = 'answer', description } = format;
  if (schema === undefined) return 'json';
  return { name, schema: schema as Readonly<Record<string, unknown>>, ...(description === undefined ? {} : { description }) };
}

/** `auto` is what no word at all means, and some models know no word. */
function choiceOf(choice: LanguageModelV4CallOptions['toolChoice']): Settings['toolChoice'] {
  if (choice === undefined || choice.type === 'auto') return undefined;
  return choice.type === 'tool' ? { name: choice.toolName } : choice.type;
}
