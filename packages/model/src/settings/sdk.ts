import type { LanguageModelV4CallOptions, SharedV4Warning } from '@ai-sdk/provider';
import type { OpenClawError, Settings } from '@openclaw-runtime/protocol';
import { given } from './given.ts';
import { refuse, unsupported } from './refuse.ts';

type Options = Partial<LanguageModelV4CallOptions>;

const API = 'The AI SDK';

/** Settings as options of a call of the AI SDK. Throws `BAD_REQUEST`. */
export function sdkSettings(settings: Settings | undefined, hasTools: boolean): Options {
  if (!settings) return {};
  refuse(settings, ['verbosity'], API);
  const { temperature, topP, maxTokens, stop, seed, presencePenalty, frequencyPenalty, format, toolChoice, parallelTools } = settings;
  if (parallelTools === false) throw unsupported('parallelTools', API);
  return given({
    temperature,
    topP,
    maxOutputTokens: maxTokens,
    stopSequences: stop,
    seed,
    presencePenalty,
    frequencyPenalty,
    responseFormat: format && (format === 'json' ? { type: 'json' } : { type: 'json', ...given({ ...format, strict: undefined }) }),
    toolChoice: hasTools && toolChoice !== undefined ? choiceOf(toolChoice) : undefined,
  }) as Options;
}

/** What a package says it left out of a call. */
export function leftOut(settings: Settings | undefined, warnings: readonly SharedV4Warning[]): OpenClawError | undefined {
  if (!settings) return undefined;
  const options = Object.keys(sdkSettings(settings, true));
  const warning = warnings.find((each) => each.type === 'unsupported' && options.includes(each.feature));
  return warning?.type === 'unsupported' ? unsupported(warning.feature, 'The model') : undefined;
}

function choiceOf(choice: NonNullable<Settings['toolChoice']>): LanguageModelV4CallOptions['toolChoice'] {
  return typeof choice === 'object' ? { type: 'tool', toolName: choice.name } : { type: choice };
}
