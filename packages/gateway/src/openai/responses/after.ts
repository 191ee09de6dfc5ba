import { bad } from '../input/fields.ts';

/** The number of the last event that the client has, as it says it: `starting_after`, or `Last-Event-ID`. -1 where it has none. Throws `BAD_REQUEST`. */
export function afterOf(text = ''): number {
  if (text === '') return -1;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw bad('starting_after', 'give the sequence_number of an event');
}
