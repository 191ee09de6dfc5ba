import type { CallTarget } from '../call/target.ts';
import { credentialsOf, responseUrl } from './responses.ts';

const PATIENCE_MS = 5_000;

/** Tells the provider that nobody wants a response any more. Never rejects: the one who gave it up is gone. */
export async function cancelResponse({ apiKey, headers, send, clock }: CallTarget, url: string, response: string): Promise<void> {
  const patience = new AbortController();
  const stop = clock.after(PATIENCE_MS, () => patience.abort());
  try {
    const all = { ...headers, ...credentialsOf(apiKey()) };
    const { body } = await send({ method: 'POST', url: responseUrl(url, response, '/cancel'), headers: all, signal: patience.signal });
    await body[Symbol.asyncIterator]().return?.();
  } catch {
    // It goes on there, and ends by itself.
  } finally {
    stop();
  }
}
