import { eventData } from '../openai/words/event-data.ts';

/** What comes of a message, in the words of the AI SDK's UI message stream, version 1. */
export type Chunk =
  | { readonly type: 'start'; readonly messageId: string; readonly messageMetadata: object }
  | { readonly type: 'start-step' | 'finish-step' | 'reset-step' }
  | { readonly type: `${'text' | 'reasoning'}-${'start' | 'end'}`; readonly id: string }
  | { readonly type: 'text-delta' | 'reasoning-delta'; readonly id: string; readonly delta: string }
  | ({ readonly type: 'tool-input-available'; readonly toolName: string; readonly input: unknown } & OfCall)
  | ({ readonly type: 'tool-output-available'; readonly output: unknown } & OfCall)
  | ({ readonly type: 'tool-output-error'; readonly errorText: string } & OfCall)
  | { readonly type: 'data-approval'; readonly id: string; readonly data: object }
  | { readonly type: 'error'; readonly errorText: string }
  | { readonly type: 'abort'; readonly reason: string }
  | { readonly type: 'finish'; readonly finishReason: string; readonly messageMetadata: object };

interface OfCall {
  readonly toolCallId: string;
  readonly providerExecuted?: true;
  readonly dynamic?: true;
}

export function chunkEvents(chunks: readonly Chunk[]): string {
  return chunks.map((chunk) => `data: ${eventData(chunk)}\n\n`).join('');
}

export const DONE = 'data: [DONE]\n\n';
