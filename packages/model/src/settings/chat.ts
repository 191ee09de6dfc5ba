import type { Settings } from '@openclaw-runtime/protocol';
import type { Fields } from '../levels/fields.ts';
import { given } from './given.ts';

/** Where the newer name is the only one that all models take. */
const NEWER_NAME = /(^|\.)(openai\.com|openai\.azure\.com)$/;

/** Settings in the words of chat completions at this address. */
export function chatSettings(settings: Settings | undefined, url: string, hasTools: boolean): Fields {
  if (!settings) return {};
  const { temperature, topP, maxTokens, stop, seed, presencePenalty, frequencyPenalty, format, toolChoice, parallelTools, verbosity } =
    settings;
  const most = NEWER_NAME.test(new URL(url).hostname) ? 'max_completion_tokens' : 'max_tokens';
  return given({
    temperature,
    top_p: topP,
    [most]: maxTokens,
    stop,
    seed,
    presence_penalty: presencePenalty,
    frequency_penalty: frequencyPenalty,
    response_format: format && (format === 'json' ? { type: 'json_object' } : { type: 'json_schema', json_schema: format }),
    // Without tools both are refused by some.
    tool_choice: hasTools ? choiceOf(toolChoice) : undefined,
    parallel_tool_calls: hasTools ? parallelTools : undefined,
    verbosity,
  });
}

function choiceOf(choice: Settings['toolChoice']): unknown {
  return typeof choice === 'object' ? { type: 'function', function: { name: choice.name } } : choice;
}
