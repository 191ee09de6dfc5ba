import { endpointUrl } from '../call/endpoint.ts';

/** Where chat completions are asked for. Throws `BAD_CONFIG`. */
export function completionsUrl(provider: string, baseUrl: string): string {
  return endpointUrl(provider, baseUrl, 'chat/completions');
}
