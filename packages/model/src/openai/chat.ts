import type { Api } from '../call/api.ts';
import type { PrefixStyle } from '../capabilities/traits.ts';
import type { ModelRequest } from '../contract/broker.ts';
import type { Fields } from '../levels/fields.ts';
import { chatSettings } from '../settings/chat.ts';
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
      body: requestBody(request, model, prefix, { ...chatSettings(request.settings, url, hasTools(request)), ...fields }),
    }),
    answer: (speech, sink) => new Answer(speech, sink),
  };
}

function hasTools({ tools }: ModelRequest): boolean {
  return tools !== undefined && tools.length > 0;
}
