import type { ModelEnd } from '@openclaw-runtime/model';
import type { Expected } from './meaning.ts';

/** The JSON of a line. */
interface Line {
  readonly choices: readonly {
    readonly finish_reason?: string | null;
    readonly delta: {
      readonly content?: string | null;
      readonly reasoning_content?: string | null;
      readonly reasoning?: string | null;
      readonly tool_calls?: readonly {
        readonly index: number;
        readonly id?: string;
        readonly function: { readonly name?: string; readonly arguments?: string };
      }[];
    };
  }[];
  readonly usage?: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly prompt_tokens_details?: { readonly cached_tokens?: number };
    readonly completion_tokens_details?: { readonly reasoning_tokens?: number };
  } | null;
}

/** What the lines of a stream of chat completions mean. */
export function expectedOfChat(lines: readonly string[]): Expected {
  const parsed = lines.map((line) => JSON.parse(line) as Line);
  const choices = parsed.flatMap((line) => line.choices);
  const pieces = choices.flatMap((choice) => choice.delta.tool_calls ?? []);
  const usage = parsed.findLast((line) => line.usage)?.usage;
  const toolCalls = [...new Set(pieces.map((piece) => piece.index))].map((index) => {
    const own = pieces.filter((piece) => piece.index === index);
    return {
      id: own.find((piece) => piece.id)?.id ?? '',
      name: own.find((piece) => piece.function.name)?.function.name ?? '',
      arguments: own.map((piece) => piece.function.arguments ?? '').join(''),
    };
  });
  const finish = choices.findLast((choice) => choice.finish_reason)?.finish_reason as ModelEnd['finish'];
  return {
    text: choices.map((choice) => choice.delta.content ?? '').join(''),
    thinking: choices.map((choice) => choice.delta.reasoning_content ?? choice.delta.reasoning ?? '').join(''),
    end: {
      finish: finish === 'stop' && toolCalls.length > 0 ? 'tool_calls' : finish,
      usage: {
        inputTokens: usage?.prompt_tokens ?? 0,
        outputTokens: usage?.completion_tokens ?? 0,
        reasoningTokens: usage?.completion_tokens_details?.reasoning_tokens ?? 0,
        cachedTokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
      },
      toolCalls,
    },
  };
}
