import { OpenClawError } from '@openclaw-runtime/protocol';

export const GEMINI_URL = 'https://generativelanguage.googleapis.com/v1beta';
export const OLLAMA_URL = 'http://127.0.0.1:11434/api';

/** Google's API; people give its base with the version and without. Throws `BAD_CONFIG`. */
export function geminiUrl(provider: string, baseUrl: string): string {
  return withSegment(provider, baseUrl, 'v1beta', /^v\d\w*$/);
}

/** Ollama's own API; people mostly give the server. Throws `BAD_CONFIG`. */
export function ollamaUrl(provider: string, baseUrl: string): string {
  return withSegment(provider, baseUrl, 'api', /^api$/);
}

function withSegment(provider: string, baseUrl: string, segment: string, known: RegExp): string {
  const url = URL.parse(baseUrl);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new OpenClawError('BAD_CONFIG', `The baseUrl of provider "${provider}" is "${baseUrl}". Give an http or https address.`);
  }
  const segments = url.pathname.split('/').filter(Boolean);
  if (!segments.some((each) => known.test(each))) segments.push(segment);
  return `${url.origin}/${segments.join('/')}`;
}
