import type { ModelEnd } from '@openclaw-runtime/model';
import type { Expected } from './meaning.ts';

/** The JSON of a line. */
interface Line {
  readonly type: string;
  readonly delta?: string;
  readonly summary_index?: number;
  readonly item?: { readonly type: string; readonly call_id?: string; readonly name?: string; readonly arguments?: string };
  readonly response?: {
    readonly status: string;
    readonly incomplete_details?: { readonly reason?: string } | null;
    readonly usage?: {
      readonly input_tokens: number;
      readonly output_tokens: number;
      readonly input_tokens_details?: { readonly cached_tokens?: number };
      readonly output_tokens_details?: { readonly reasoning_tokens?: number };
    };
  };
}

/** What the lines of a stream of the Responses API mean. The parts of a summary are paragraphs. */
export function expectedOfResponses(lines: readonly string[]): Expected {
  const parsed = lines.map((line) => JSON.parse(line) as Line);
  const { usage, incomplete_details: incomplete } = parsed.at(-1)?.response ?? {};
  const toolCalls = parsed.flatMap(({ type, item }) =>
    type === 'response.output_item.done' && item?.type === 'function_call'
      ? [{ id: item.call_id ?? '', name: item.name ?? '', arguments: item.arguments ?? '' }]
      : [],
  );
  return {
    text: parsed.map(({ type, delta }) => (type === 'response.output_text.delta' ? delta : '')).join(''),
    thinking: parsed.map(thought).join(''),
    end: {
      finish: finishOf(incomplete?.reason, toolCalls.length),
      usage: {
        inputTokens: usage?.input_tokens ?? 0,
        outputTokens: usage?.output_tokens ?? 0,
        reasoningTokens: usage?.output_tokens_details?.reasoning_tokens ?? 0,
        cachedTokens: usage?.input_tokens_details?.cached_tokens ?? 0,
      },
      toolCalls,
    },
  };
}

function thought({ type, delta = '', summary_index: index = 0 }: Line): string {
  if (type === 'response.reasoning_summary_part.added') return index > 0 ? '\n\n' : '';
  return type === 'response.reasoning_summary_text.delta' || type === 'response.reasoning_text.delta' ? delta : '';
}

function finishOf(incomplete: string | undefined, calls: number): ModelEnd['finish'] {
  if (incomplete !== undefined) return incomplete === 'content_filter' ? 'content_filter' : 'length';
  return calls > 0 ? 'tool_calls' : 'stop';
}
