import { OpenClawError } from '@openclaw-runtime/protocol';

const VERSION_SEGMENT = /^(v\d\w*|beta)$/;

/** Where chat completions are asked for. People give the base with `/v1` and without: a path without a version gets it. Throws `BAD_CONFIG`. */
export function completionsUrl(provider: string, baseUrl: string): string {
  const url = URL.parse(baseUrl);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new OpenClawError('BAD_CONFIG', `The baseUrl of provider "${provider}" is "${baseUrl}". Give an http or https address.`);
  }
  const segments = url.pathname.split('/').filter(Boolean);
  if (segments.at(-1) === 'completions' && segments.at(-2) === 'chat') segments.splice(-2);
  if (!segments.some((segment) => VERSION_SEGMENT.test(segment))) segments.push('v1');
  return `${url.origin}/${segments.join('/')}/chat/completions${url.search}`;
}
