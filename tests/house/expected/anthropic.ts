import type { ModelEnd } from '@openclaw-runtime/model';
import type { Expected } from './meaning.ts';

/** The JSON of a line. */
interface Line {
  readonly type: string;
  readonly index?: number;
  readonly message?: { readonly usage: Counts };
  readonly content_block?: { readonly type: string; readonly id?: string; readonly name?: string };
  readonly delta?: {
    readonly type?: string;
    readonly text?: string;
    readonly thinking?: string;
    readonly partial_json?: string;
    readonly stop_reason?: string;
  };
  readonly usage?: Counts;
}

interface Counts {
  readonly input_tokens?: number;
  readonly cache_creation_input_tokens?: number;
  readonly cache_read_input_tokens?: number;
  readonly output_tokens?: number;
  readonly output_tokens_details?: { readonly thinking_tokens?: number };
}

const FINISHES: Readonly<Record<string, ModelEnd['finish']>> = { end_turn: 'stop', max_tokens: 'length', tool_use: 'tool_calls' };

/** What the lines of a stream of the messages API mean. */
export function expectedOfAnthropic(lines: readonly string[]): Expected {
  const parsed = lines.map((line) => JSON.parse(line) as Line);
  const counts: Counts = Object.assign({}, ...parsed.map((line) => line.message?.usage ?? line.usage ?? {}));
  const calls = parsed.flatMap(({ index, content_block: block }) => (block?.type === 'tool_use' ? [{ index, ...block }] : []));
  const reason = parsed.findLast((line) => line.delta?.stop_reason)?.delta?.stop_reason ?? '';
  return {
    text: parsed.map(({ delta }) => delta?.text ?? '').join(''),
    thinking: parsed.map(({ delta }) => delta?.thinking ?? '').join(''),
    end: {
      finish: FINISHES[reason] as ModelEnd['finish'],
      usage: {
        inputTokens: (counts.input_tokens ?? 0) + (counts.cache_creation_input_tokens ?? 0) + (counts.cache_read_input_tokens ?? 0),
        outputTokens: counts.output_tokens ?? 0,
        reasoningTokens: counts.output_tokens_details?.thinking_tokens ?? 0,
        cachedTokens: counts.cache_read_input_tokens ?? 0,
      },
      toolCalls: calls.map(({ index, id = '', name = '' }) => {
        const json = parsed.map((line) => (line.index === index ? (line.delta?.partial_json ?? '') : '')).join('');
        return { id, name, arguments: json || '{}' };
      }),
    },
  };
}
