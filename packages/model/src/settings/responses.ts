import type { Settings } from '@openclaw-runtime/protocol';
import type { Fields } from '../levels/fields.ts';
import { given } from './given.ts';
import { refuse } from './refuse.ts';

/** Settings in the words of the Responses API. Throws `BAD_REQUEST`. */
export function responsesSettings(settings: Settings | undefined, hasTools: boolean): Fields {
  if (!settings) return {};
  refuse(settings, ['stop', 'seed', 'presencePenalty', 'frequencyPenalty'], 'The Responses API');
  const { temperature, topP, maxTokens, format, toolChoice, parallelTools, verbosity } = settings;
  const text = given({ format: format && (format === 'json' ? { type: 'json_object' } : { type: 'json_schema', ...format }), verbosity });
  return given({
    temperature,
    top_p: topP,
    max_output_tokens: maxTokens,
    text: Object.keys(text).length > 0 ? text : undefined,
    tool_choice: hasTools ? (typeof toolChoice === 'object' ? { type: 'function', name: toolChoice.name } : toolChoice) : undefined,
    parallel_tool_calls: hasTools ? parallelTools : undefined,
  });
}
