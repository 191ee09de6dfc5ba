import type { LanguageModelV4CallOptions, SharedV4ProviderOptions, SharedV4Warning } from '@ai-sdk/provider';
import { isObject } from '../call/event.ts';
import type { Level, ModelSink } from '../contract/broker.ts';
import type { Fields } from '../levels/fields.ts';

type Effort = NonNullable<LanguageModelV4CallOptions['reasoning']>;

/** How a call through the AI SDK is made with a level, and watched for whether the level arrives. */
export interface SdkLevel {
  /** Of the call. */
  readonly options: Readonly<{ reasoning?: Effort; providerOptions?: SharedV4ProviderOptions }>;
  /** The body that goes over the wire, from the one that the SDK wrote. */
  amended(body: string): string;
  /** What the package says of the call. */
  warned(warnings: readonly SharedV4Warning[]): void;
}

/** Gemini's package takes the fields among its options; those that the configuration has of the same kind give way. */
export function geminiLevel(providerOptions: SharedV4ProviderOptions, fields: Fields): SdkLevel {
  const google = providerOptions['google'] ?? {};
  const { thinkingLevel: _level, thinkingBudget: _budget, ...kept } = asObject(google['thinkingConfig']);
  const thinkingConfig = { ...kept, ...asObject(fields['thinkingConfig']) };
  const options = { providerOptions: { ...providerOptions, google: { ...google, thinkingConfig } } as SharedV4ProviderOptions };
  return { options, amended: (body) => body, warned() {} };
}

/** Ollama's package knows on and off only, so the fields are put into what it wrote. */
export function ollamaLevel(fields: Fields): SdkLevel {
  return { options: {}, amended: (body) => JSON.stringify({ ...asObject(JSON.parse(body)), ...fields }), warned() {} };
}

/** Any package: it is told in the SDK's own words, and what it makes of them is looked at. */
export function packageLevel(
  name: string,
  providerOptions: SharedV4ProviderOptions,
  fields: Fields,
  wanted: Level,
  sink: ModelSink,
): SdkLevel {
  let told = false;
  const warn = (warning: string, sent?: string): void => {
    if (!told) sink.leveled?.({ wanted, ...(sent !== undefined && { sent }), warning });
    told = true;
  };
  return {
    options: optionsOf(name, providerOptions, fields['reasoning'] as Effort),
    amended(body) {
      if (!saysHow(body)) warn(`The package "${name}" put nothing into the request about how hard to think. Set its own providerOptions.`);
      return body;
    },
    warned(warnings) {
      const said = warnings.map(reasoningWarning).find((each) => each !== undefined);
      if (said !== undefined) warn(`The package "${name}" says: ${said}`, JSON.stringify(fields));
    },
  };
}

/** OpenRouter's package passes the SDK's option over in silence, and takes its own. */
function optionsOf(name: string, providerOptions: SharedV4ProviderOptions, reasoning: Effort): SdkLevel['options'] {
  if (!/openrouter/.test(name)) return { reasoning };
  const openrouter = { ...providerOptions['openrouter'], reasoning: { effort: reasoning } };
  return { reasoning, providerOptions: { ...providerOptions, openrouter } };
}

/** What the package could not do with the option. That a word became the nearest one it knows is as it should be. */
function reasoningWarning(warning: SharedV4Warning): string | undefined {
  if (warning.type === 'unsupported' && warning.feature === 'reasoning') return warning.details ?? 'it does not support reasoning';
  return warning.type === 'other' && /reason|think/i.test(warning.message) ? warning.message : undefined;
}

/** What was said, by whom, and with which tools: a word about thinking in there is none. */
const CONTENT = new Set(['messages', 'contents', 'input', 'prompt', 'system', 'systemInstruction', 'tools']);
const WORDS = /reason|think|effort|budget/i;
const DEPTH = 5;

function saysHow(body: string): boolean {
  try {
    return hasWord(JSON.parse(body), DEPTH);
  } catch {
    // No JSON: nobody can say.
    return true;
  }
}

function hasWord(value: unknown, depth: number): boolean {
  if (!isObject(value) || depth === 0) return false;
  return Object.entries(value).some(([key, inner]) => !CONTENT.has(key) && (WORDS.test(key) || hasWord(inner, depth - 1)));
}

function asObject(value: unknown): Fields {
  return isObject(value) ? value : {};
}
