import { OpenClawError } from '@openclaw-runtime/protocol';

const VERSION_SEGMENT = /^(v\d\w*|beta)$/;

export type Endpoint = 'chat/completions' | 'responses' | 'messages';

/** Where an API is asked. People give the base with `/v1` and without: a path without a version gets it. Throws `BAD_CONFIG`. */
export function endpointUrl(provider: string, baseUrl: string, endpoint: Endpoint): string {
  const url = URL.parse(baseUrl);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new OpenClawError('BAD_CONFIG', `The baseUrl of provider "${provider}" is "${baseUrl}". Give an http or https address.`);
  }
  const segments = url.pathname.split('/').filter(Boolean);
  const last = endpoint.split('/');
  if (segments.slice(-last.length).join('/') === endpoint) segments.splice(-last.length);
  if (!segments.some((segment) => VERSION_SEGMENT.test(segment))) segments.push('v1');
  return `${url.origin}/${segments.join('/')}/${endpoint}${url.search}`;
}
