import type { Speech } from './speech.ts';

/** The JSON object of an event; `what` it should be is said in the `PROVIDER_MALFORMED` for anything else. */
export function parseEvent(data: string, what: string, speech: Speech): Readonly<Record<string, unknown>> {
  let event: unknown;
  try {
    event = JSON.parse(data);
  } catch {
    throw speech.malformed('a line that is not JSON', data);
  }
  if (!isObject(event)) throw speech.malformed(`JSON that is no ${what}`, data);
  return event;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A number of tokens; 0 for what is missing or no number. Some write their numbers as strings. */
export function tokenCount(value: unknown): number {
  const number = typeof value === 'string' || typeof value === 'number' ? Math.trunc(Number(value)) : 0;
  return Number.isSafeInteger(number) && number > 0 ? number : 0;
}
