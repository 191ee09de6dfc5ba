import { OpenClawError } from '@openclaw-runtime/protocol';

type Scrub = (text: string) => string;

/** Characters of a message that agents' code or a tool wrote. */
const MESSAGE_CHARS = 8 * 1024;

/** The error as it may be logged. */
export function scrubbed(error: OpenClawError, scrub: Scrub): OpenClawError {
  const { code, message, retryAfterMs } = error;
  const short = message.length > MESSAGE_CHARS ? `${message.slice(0, MESSAGE_CHARS).toWellFormed()} …` : message;
  return new OpenClawError(code, scrub(short), { cause: error, retryAfterMs });
}

/** JSON text as it may be logged: it stays JSON, also where a secret is a number, or is not written as it is. */
export function scrubbedJson(text: string, scrub: Scrub): string {
  if (!text.includes('\\') && scrub(text) === text) return text;
  return JSON.stringify(JSON.parse(text), (_key, value: unknown) => {
    if (typeof value === 'string') return scrub(value);
    return typeof value === 'number' && scrub(String(value)) !== String(value) ? '[secret]' : value;
  });
}
