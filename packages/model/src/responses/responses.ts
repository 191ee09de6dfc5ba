import type { Api, Question } from '../call/api.ts';
import type { ModelRequest } from '../contract/broker.ts';
import type { Fields } from '../levels/fields.ts';
import { responsesSettings } from '../settings/responses.ts';
import { ResponseAnswer } from './answer.ts';
import { requestBody } from './body.ts';

/** Where the responses are, and what becomes of them. */
export interface Place {
  /** Without a response's name. */
  readonly url: string;
  /** The model's name at the provider. */
  readonly model: string;
  readonly background: boolean;
  /** Put into a question besides. */
  readonly fields: Fields;
}

/** The Responses API, asked one thing, or for a response that it keeps. `kept` is told the name of a new one, before its first delta. */
export function responsesApi(place: Place, request: ModelRequest, kept: (response: string) => void): Api {
  const { attach } = request;
  return {
    title: 'an API with OpenAI’s Responses',
    question: (apiKey) => ({
      ...(attach === undefined ? asking(place, request) : reading(place, attach)),
      credentials: credentialsOf(apiKey),
    }),
    answer: (speech, sink) =>
      new ResponseAnswer(speech, sink, {
        attached: attach,
        begun(response) {
          if (!place.background) return;
          kept(response);
          sink.responding(response);
        },
      }),
    refused(status, speech) {
      if (attach === undefined || status >= 500 || NOT_ITS_FAULT.has(status)) return undefined;
      return speech.failed(`cannot show the response "${attach}" again (status ${status})`, 'NOT_FOUND', 'Ask anew.');
    },
  };
}

/** Statuses that say nothing of the response which was asked for. */
const NOT_ITS_FAULT: ReadonlySet<number> = new Set([401, 403, 408, 409, 425, 429]);

/** The address of a response, or of what can be done with it. */
export function responseUrl(url: string, response: string, deed = '', query: Readonly<Record<string, string>> = {}): string {
  const at = new URL(url);
  at.pathname += `/${encodeURIComponent(response)}${deed}`;
  for (const [name, value] of Object.entries(query)) at.searchParams.set(name, value);
  return at.href;
}

export function credentialsOf(apiKey: string | undefined): Readonly<Record<string, string>> {
  return apiKey ? { authorization: `Bearer ${apiKey}` } : {};
}

function asking({ url, model, background, fields }: Place, request: ModelRequest): Omit<Question, 'credentials'> {
  const settings = responsesSettings(request.settings, request.tools !== undefined && request.tools.length > 0);
  const body = requestBody(request, model, background, { ...settings, ...fields });
  return { method: 'POST', url, headers: { 'content-type': 'application/json' }, body };
}

/** From its start: whoever reads it again compares it with what was delivered. */
function reading({ url }: Place, response: string): Omit<Question, 'credentials'> {
  return { method: 'GET', url: responseUrl(url, response, '', { stream: 'true' }), headers: {} };
}
