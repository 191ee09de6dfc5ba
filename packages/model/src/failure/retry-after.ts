const CAP_MS = 60_000;

/** Milliseconds of a `Retry-After` header (seconds or an HTTP date), at most a minute; `undefined` when there is none or it is not readable. */
export function parseRetryAfter(header: string | readonly string[] | undefined, wallMs: number): number | undefined {
  const text = (typeof header === 'string' ? header : header?.[0])?.trim();
  if (!text) return undefined;
  const seconds = Number(text);
  const ms = Number.isNaN(seconds) ? Date.parse(text) - wallMs : seconds * 1000;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), CAP_MS);
}
