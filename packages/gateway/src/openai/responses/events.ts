import { type Flowing, type Item, itemBody, summaryPart, textPart } from './items.ts';

/** An event without its number. */
export interface ResponseEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

export function opened(item: Item): readonly ResponseEvent[] {
  const { id, index } = item;
  const added = { type: 'response.output_item.added', output_index: index, item: itemBody(item) };
  if (item.kind === 'message')
    return [added, { type: 'response.content_part.added', item_id: id, output_index: index, content_index: 0, part: textPart('') }];
  if (item.kind === 'reasoning')
    return [
      added,
      { type: 'response.reasoning_summary_part.added', item_id: id, output_index: index, summary_index: 0, part: summaryPart('') },
    ];
  return [added];
}

export function grew({ kind, id, index }: Flowing, delta: string): ResponseEvent {
  const place = { item_id: id, output_index: index };
  if (kind === 'message') return { type: 'response.output_text.delta', ...place, content_index: 0, delta, logprobs: [] };
  return { type: 'response.reasoning_summary_text.delta', ...place, summary_index: 0, delta };
}

/** The item has all its content. */
export function closed(item: Item): readonly ResponseEvent[] {
  const place = { item_id: item.id, output_index: item.index };
  if (item.kind === 'call') {
    const { arguments: args, name } = item.call;
    return [
      { type: 'response.function_call_arguments.delta', ...place, delta: args },
      { type: 'response.function_call_arguments.done', ...place, arguments: args, name },
      done(item),
    ];
  }
  const { text } = item;
  if (item.kind === 'message')
    return [
      { type: 'response.output_text.done', ...place, content_index: 0, text, logprobs: [] },
      { type: 'response.content_part.done', ...place, content_index: 0, part: textPart(text) },
      done(item),
    ];
  return [
    { type: 'response.reasoning_summary_text.done', ...place, summary_index: 0, text },
    { type: 'response.reasoning_summary_part.done', ...place, summary_index: 0, part: summaryPart(text) },
    done(item),
  ];
}

export function done(item: Item): ResponseEvent {
  return { type: 'response.output_item.done', output_index: item.index, item: itemBody(item) };
}
