/** What the machine was found to have: the configuration is resolved with it, and looks for nothing by itself. */
export interface Found {
  readonly ollama?: FoundOllama;
}

/** A server of Ollama's that answered, or the one that OLLAMA_HOST names and that did not. */
export type FoundOllama =
  | { readonly baseUrl: string; readonly models: readonly string[] }
  | { readonly baseUrl: string; readonly problem: string };

const LOCAL = 'http://127.0.0.1:11434';

/**
 * Where Ollama would be: OLLAMA_HOST is read as Ollama's own programs read it. It may be the address a server listens on, which is then
 * the one to connect to on this machine.
 */
export function ollamaAddress(env: Readonly<Record<string, string | undefined>>): string {
  const host = env.OLLAMA_HOST?.trim();
  if (!host) return LOCAL;
  const [, scheme = 'http', rest = host] = /^(https?):\/\/(.*)$/.exec(host) ?? [];
  const url = URL.parse(`${scheme}://${rest.startsWith(':') ? `127.0.0.1${rest}` : rest}`);
  if (url === null) return LOCAL;
  if (url.port === '' && !host.includes('://') && !/:\d+\/?$/.test(rest)) url.port = '11434';
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = '127.0.0.1';
  return url.origin + url.pathname.replace(/\/+$/, '');
}
