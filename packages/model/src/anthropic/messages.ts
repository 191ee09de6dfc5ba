import type { Api } from '../call/api.ts';
import type { ModelRequest } from '../contract/broker.ts';
import type { Fields } from '../levels/fields.ts';
import { messagesSettings } from '../settings/messages.ts';
import { MessageAnswer } from './answer.ts';
import { requestBody, withoutEnd } from './body.ts';

const VERSION = '2023-06-01';

/** The messages API at this address, asked one thing. `model` is the name at the provider. */
export function messagesApi(url: string, model: string, maxTokens: number, request: ModelRequest, fields: Fields): Api {
  const { prefix = '' } = request;
  const given = withoutEnd(prefix);
  const hasTools = request.tools !== undefined && request.tools.length > 0;
  return {
    title: 'an Anthropic-compatible API',
    question: (apiKey) => ({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', 'anthropic-version': VERSION },
      credentials: apiKey ? { 'x-api-key': apiKey } : {},
      body: requestBody(request, model, maxTokens, given, messagesSettings(request.settings, hasTools, fields)),
    }),
    answer: (speech, sink) => new MessageAnswer(speech, sink, prefix.slice(given.length)),
  };
}
