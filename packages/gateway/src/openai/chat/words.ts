import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Created } from '../reading/follow.ts';
import { eventData } from '../words/event-data.ts';
import { problemOf } from '../words/problem.ts';
import { chatUsage, type Used } from '../words/usage.ts';
import type { Told } from './teller.ts';

/** What is the same in all chunks of a stream. */
export interface Envelope {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  /** Whether usage comes at the end. */
  readonly usage: boolean;
}

export function envelopeOf(id: string, { at }: Pick<Created, 'at'>, model: string, usage: boolean): Envelope {
  return { id, created: Math.floor(at / 1000), model, usage };
}

/** One server-sent event. JSON has no raw line breaks, so one `data:` line holds any text. */
export function chunkEvent(envelope: Envelope, index: number, { delta = {}, finish = null, rewind }: ToldOrEnd, id: string): string {
  const choices = [{ index, delta, logprobs: null, finish_reason: finish }];
  return event({ ...head(envelope), choices, ...(envelope.usage ? { usage: null } : {}), ...(rewind ? { openclaw: { rewind } } : {}) }, id);
}

type ToldOrEnd = Pick<Told, 'delta' | 'rewind'> & { readonly finish?: Told['finish'] | null };

export function usageEvent(envelope: Envelope, { usage, usd }: Used): string {
  return event({ ...head(envelope), choices: [], usage: chatUsage(usage, usd) });
}

export function problemEvent(error: OpenClawError): string {
  return event(problemOf(error.toBody()));
}

export const DONE = 'data: [DONE]\n\n';

export function superseded(run: string): OpenClawError {
  return new OpenClawError(
    'PROVIDER_FAILED',
    `The provider broke off, and the answer was begun anew: what was streamed of it does not stand. Ask again, or ask with openclaw.supersede "rewind" or "hold" (run ${run}).`,
  );
}

function head({ id, created, model }: Envelope): object {
  return { id, object: 'chat.completion.chunk', created, model };
}

function event(data: object, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}data: ${eventData(data)}\n\n`;
}
