import type { ToolCall } from '@openclaw-runtime/protocol';

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

/** One thing of a response's output, as it grows. */
export type Item =
  | { readonly kind: 'reasoning' | 'message'; readonly id: string; readonly index: number; text: string; status: ItemStatus }
  | { readonly kind: 'call'; readonly id: string; readonly index: number; readonly call: ToolCall; status: ItemStatus };

export type Flowing = Extract<Item, { readonly kind: 'reasoning' | 'message' }>;

/** As clients read it. What is incomplete because it was begun anew has no content: nothing of it stands. */
export function itemBody(item: Item): object {
  const { id, status } = item;
  if (item.kind === 'call') {
    const { id: callId, name, arguments: args } = item.call;
    return { id, type: 'function_call', status, call_id: callId, name, arguments: status === 'in_progress' ? '' : args };
  }
  if (item.kind === 'reasoning') return { id, type: 'reasoning', status, summary: item.text === '' ? [] : [summaryPart(item.text)] };
  return { id, type: 'message', role: 'assistant', status, content: item.text === '' ? [] : [textPart(item.text)] };
}

export function textPart(text: string): object {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

export function summaryPart(text: string): object {
  return { type: 'summary_text', text };
}
