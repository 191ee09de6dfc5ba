import type { HttpAnswer } from '../http/port.ts';
import type { Api } from './api.ts';
import type { Speech } from './speech.ts';

const MAX_LENGTH = 64 * 1024;

/** Throws what an answer means that is no stream of events. */
export async function checkStream(api: Api, http: HttpAnswer, speech: Speech, signal: AbortSignal): Promise<void> {
  const encoding = encodingOf(http);
  if (http.status < 200 || http.status > 299) {
    const body = encoding ? '' : await whole(http, signal);
    throw api.refused?.(http.status, speech) ?? speech.refused(http, body);
  }
  // No encoding is asked for, but some proxies compress all the same.
  if (encoding) {
    const what = `answered in the content encoding "${encoding}", which was not asked for`;
    throw speech.failed(what, 'PROVIDER_MALFORMED', 'Turn compression off there, or in the proxy before it.');
  }
  const type = String(http.headers['content-type'] ?? '');
  // A success that is no stream: an error in disguise, or the wrong address.
  if (/json|html/.test(type) && !/event-stream|ndjson/.test(type)) throw speech.unexpected(type, await whole(http, signal));
}

function encodingOf(http: HttpAnswer): string | undefined {
  const encoding = String(http.headers['content-encoding'] ?? '').trim();
  return encoding === '' || encoding.toLowerCase() === 'identity' ? undefined : encoding;
}

/** The body of an answer that is not streamed, as far as it is of interest. A connection that breaks in it changes nothing. */
async function whole(http: HttpAnswer, signal: AbortSignal): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const packet of http.body) {
      text += decoder.decode(packet, { stream: true });
      if (text.length > MAX_LENGTH) break;
    }
  } catch {
    if (signal.aborted) throw signal.reason;
  }
  return text;
}
