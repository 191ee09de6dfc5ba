import { lastOfUser, type Wire } from './wire.ts';

/** OpenAI's Responses. */
export const RESPONSES: Wire = {
  name: 'openai-responses',
  path: '/v1/responses',
  textOf: ({ type, delta }) => (type === 'response.output_text.delta' ? String(delta) : ''),
  withText: (chunk, delta) => ({ ...chunk, delta }),
  isFrame: () => true,
  head: ({ type }) => `event: ${String(type)}\n`,
  endMark: '',
  junk: 'event: response.output_text.delta\ndata: {"type": oops, no JSON}\n\n',
  promptOf: ({ input }) => (typeof input === 'string' ? input : lastOfUser(input)),
  // A final message of the assistant's is one like any other here.
  prefixOf: () => '',
  whole: (model, chunks) => ({ id: 'resp_0', object: 'response', status: 'completed', model, ...finalOf(chunks) }),
  refusal: (message, code) => ({ error: { message, type: 'test_provider', param: null, code } }),
};

function finalOf(chunks: readonly { readonly [field: string]: unknown }[]): object {
  const { response } = chunks.at(-1) ?? {};
  return typeof response === 'object' && response !== null ? response : {};
}
