import type { ModelEnd } from '@openclaw-runtime/model';
import type { Expected } from './meaning.ts';

interface Line {
  readonly message: {
    readonly content: string;
    readonly thinking?: string;
    readonly tool_calls?: readonly { readonly id: string; readonly function: { readonly name: string; readonly arguments: unknown } }[];
  };
  readonly done_reason?: string;
  readonly prompt_eval_count?: number;
  readonly eval_count?: number;
}

/** What the lines of a stream of Ollama's mean. */
export function expectedOfOllama(lines: readonly string[]): Expected {
  const parsed = lines.map((line) => JSON.parse(line) as Line);
  const last = parsed.at(-1);
  const toolCalls = parsed.flatMap(({ message }) =>
    (message.tool_calls ?? []).map(({ id, function: fn }) => ({ id, name: fn.name, arguments: JSON.stringify(fn.arguments) })),
  );
  return {
    text: parsed.map(({ message }) => message.content).join(''),
    thinking: parsed.map(({ message }) => message.thinking ?? '').join(''),
    end: {
      finish: toolCalls.length > 0 ? 'tool_calls' : (last?.done_reason as ModelEnd['finish']),
      usage: { inputTokens: last?.prompt_eval_count ?? 0, outputTokens: last?.eval_count ?? 0, reasoningTokens: 0, cachedTokens: 0 },
      toolCalls,
    },
  };
}
