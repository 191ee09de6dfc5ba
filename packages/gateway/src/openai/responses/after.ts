import type { IncomingMessage } from 'node:http';
import { bad } from '../input/fields.ts';

/** The number of the last event that the client has: `starting_after`, or `Last-Event-ID`; -1 where it has none. Throws `BAD_REQUEST`. */
export function afterOf(request: IncomingMessage, url?: URL): number {
  const header = request.headers['last-event-id'];
  const text = url?.searchParams.get('starting_after') ?? (typeof header === 'string' ? header : '');
  if (text === '') return -1;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw bad('starting_after', 'give the sequence_number of an event');
}
