import type { ServerResponse } from 'node:http';

const SAYS = [
  ['x-content-type-options', 'nosniff'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['referrer-policy', 'no-referrer'],
] as const;

/** Nothing that is answered is a page: no browser guesses that it is, runs what is in it, or shows it in another's frame. */
export function markNoPage(response: ServerResponse): void {
  for (const [name, value] of SAYS) response.setHeader(name, value);
}
