import type { Settings } from '@openclaw-runtime/protocol';
import { isObject } from '../call/event.ts';
import type { Fields } from '../levels/fields.ts';
import { given } from './given.ts';
import { refuse, unsupported } from './refuse.ts';

const API = 'The messages API';
const CHOICES = { auto: 'auto', none: 'none', required: 'any' } as const;

/** Settings in the words of the messages API, beside those of the level, save `maxTokens`, which it is told in any case. Throws `BAD_REQUEST`. */
export function messagesSettings(settings: Settings | undefined, hasTools: boolean, level: Fields): Fields {
  if (!settings) return level;
  refuse(settings, ['seed', 'presencePenalty', 'frequencyPenalty', 'verbosity'], API);
  const { temperature, topP, stop, format, toolChoice, parallelTools } = settings;
  if (format === 'json') throw unsupported('answer in JSON without a schema', API);
  const { output_config: output } = level;
  const shape = format && { ...(isObject(output) && output), format: { type: 'json_schema', schema: format.schema } };
  return {
    ...level,
    ...given({
      temperature,
      top_p: topP,
      stop_sequences: stop,
      output_config: shape,
      tool_choice: hasTools ? choiceOf(toolChoice, parallelTools) : undefined,
    }),
  };
}

function choiceOf(choice: Settings['toolChoice'], parallel: boolean | undefined): Fields | undefined {
  if (choice === undefined && parallel === undefined) return undefined;
  const chosen = typeof choice === 'object' ? { type: 'tool', name: choice.name } : { type: CHOICES[choice ?? 'auto'] };
  return parallel === undefined || chosen.type === 'none' ? chosen : { ...chosen, disable_parallel_tool_use: !parallel };
}
