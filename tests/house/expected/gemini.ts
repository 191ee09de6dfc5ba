import type { ModelEnd } from '@openclaw-runtime/model';
import type { Expected } from './meaning.ts';

interface Line {
  readonly candidates: readonly [{ readonly content: { readonly parts: readonly Part[] }; readonly finishReason?: string }];
  readonly usageMetadata?: Readonly<Record<string, number>>;
}

interface Part {
  readonly text?: string;
  readonly thought?: boolean;
  readonly functionCall?: { readonly id: string; readonly name: string; readonly args: unknown };
}

const FINISHES: Readonly<Record<string, ModelEnd['finish']>> = { STOP: 'stop', MAX_TOKENS: 'length' };

/** What the lines of a stream of Gemini's mean. */
export function expectedOfGemini(lines: readonly string[]): Expected {
  const parsed = lines.map((line) => JSON.parse(line) as Line);
  const parts = parsed.flatMap(({ candidates: [{ content }] }) => content.parts);
  const counts = parsed.at(-1)?.usageMetadata ?? {};
  const count = (name: string): number => counts[name] ?? 0;
  const toolCalls = parts.flatMap(({ functionCall: call }) =>
    call ? [{ id: call.id, name: call.name, arguments: JSON.stringify(call.args) }] : [],
  );
  return {
    text: parts.map(({ text = '', thought }) => (thought ? '' : text)).join(''),
    thinking: parts.map(({ text = '', thought }) => (thought ? text : '')).join(''),
    end: {
      finish: toolCalls.length > 0 ? 'tool_calls' : (FINISHES[parsed.at(-1)?.candidates[0].finishReason ?? ''] as ModelEnd['finish']),
      usage: {
        inputTokens: count('promptTokenCount'),
        outputTokens: count('candidatesTokenCount') + count('thoughtsTokenCount'),
        reasoningTokens: count('thoughtsTokenCount'),
        cachedTokens: count('cachedContentTokenCount'),
      },
      toolCalls,
    },
  };
}
