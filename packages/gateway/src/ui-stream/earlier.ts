import type { Message, RunRequest } from '@openclaw-runtime/protocol';
import type { Chunk } from './chunks.ts';

/** What stood in a message before its tools were answered and it went on: all that was said since the user spoke. */
export function earlierChunks(input: RunRequest['input']): readonly Chunk[] {
  if (typeof input === 'string') return [];
  const since = input.slice(input.findLastIndex(({ role }) => role === 'user') + 1);
  return since.flatMap((message, i) => chunksOf(message, `before-${i}`));
}

function chunksOf(message: Message, id: string): readonly Chunk[] {
  if (message.role === 'tool')
    return [{ type: 'tool-output-available', toolCallId: message.toolCallId, output: outputOf(message.content) }];
  if (message.role !== 'assistant') return [];
  const { content, toolCalls = [] } = message;
  const text: readonly Chunk[] =
    content === ''
      ? []
      : [
          { type: 'text-start', id },
          { type: 'text-delta', id, delta: content },
          { type: 'text-end', id },
        ];
  const calls = toolCalls.map(
    ({ id: toolCallId, name: toolName, arguments: args }): Chunk => ({
      type: 'tool-input-available',
      toolCallId,
      toolName,
      input: outputOf(args),
    }),
  );
  return [{ type: 'start-step' }, ...text, ...calls, { type: 'finish-step' }];
}

function outputOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
