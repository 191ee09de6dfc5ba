import type { Api } from '../call/api.ts';
import type { PrefixStyle } from '../capabilities/traits.ts';
import type { ModelRequest } from '../contract/broker.ts';
import type { Fields } from '../levels/fields.ts';
import { Answer } from './answer.ts';
import { requestBody } from './body.ts';
import { prefixUrl } from './prefix.ts';

/** Chat completions at this address, asked one thing. `model` is the name at the provider. */
export function chatApi(url: string, model: string, prefix: PrefixStyle, request: ModelRequest, fields: Fields): Api {
  return {
    title: 'an OpenAI-compatible API',
    question: (apiKey) => ({
      method: 'POST',
      url: request.prefix ? prefixUrl(url, prefix) : url,
      headers: { 'content-type': 'application/json' },
      credentials: apiKey ? { authorization: `Bearer ${apiKey}` } : {},
      body: requestBody(request, model, prefix, fields),
    }),
    answer: (speech, sink) => new Answer(speech, sink),
  };
}
