import type { ServerResponse } from 'node:http';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Head, RunKey } from '@openclaw-runtime/store';
import type { GatewayContext } from '../../admission/options.ts';
import { failureOf, shownOf } from '../house/house.ts';
import { createdOf, followRun, type Piece } from '../reading/follow.ts';
import { createOutlet } from '../reading/outlet.ts';
import { eventData } from '../words/event-data.ts';
import { problemOf, respondProblem } from '../words/problem.ts';
import type { ResponseEvent } from './events.ts';
import { ResponseTeller } from './teller.ts';

export interface StreamedRun {
  readonly run: string;
  readonly key: RunKey;
  readonly head: Head;
}

/** Numbers that are kept for the events of one record, so that they say how far in the log a client is. A record that comes to more moves those behind it, for every reader alike. */
const EVENTS_OF_RECORD = 16;

/**
 * Streams a response's events behind number `after`. Answers whether they were told to their end. `isPatient`: what fails before anything was said is an HTTP
 * error instead.
 */
export async function streamResponse(
  context: GatewayContext,
  response: ServerResponse,
  { run, key, head }: StreamedRun,
  after: number,
  isPatient: boolean,
): Promise<boolean> {
  const outlet = createOutlet(context, response, { 'x-request-id': run });
  let teller: ResponseTeller | undefined;
  let last = after;
  /** The least number that the next event can have. */
  let next = 0;
  let isLevel = after < 0 || head.done;

  const write = (events: readonly ResponseEvent[], seq: number): void => {
    let text = '';
    let isNews = !isPatient;
    for (const event of events) {
      const number = next++;
      if (number <= after) continue;
      last = number;
      isNews ||= !QUIET.has(event.type);
      text += `event: ${event.type}\nid: ${number}\ndata: ${eventData({ ...event, sequence_number: number })}\n\n`;
    }
    // A run that failed before it said anything is not worth a stream.
    const isFailure = isPatient && teller?.outcome !== undefined && 'error' in teller.outcome && !outlet.isOpen && after < 0;
    if (text !== '' && !isFailure) outlet.write(text, isNews && seq > 1);
    if (isFailure && teller?.outcome) failureOf(teller.outcome);
  };

  try {
    if (!isPatient && isLevel) outlet.write('', true);
    for await (const piece of followRun(context, key, outlet.gone)) {
      if (piece.kind === 'silence') {
        outlet.beat();
        continue;
      }
      teller ??= new ResponseTeller(run, createdOf(piece), context.priceOf);
      if (piece.kind === 'fold') {
        if (after >= 0 && after < piece.seq * EVENTS_OF_RECORD - 1) throw expired();
        const events = teller.takeFold(piece.fold);
        if (after < 0) write(events, piece.seq);
      } else {
        for (const record of piece.records) {
          next = Math.max(next, (record.seq - 1) * EVENTS_OF_RECORD);
          write(teller.take(record), record.seq);
        }
      }
      if (!isLevel && lastSeqOf(piece) >= head.seq) {
        isLevel = true;
        if (after >= Math.max(next, head.seq * EVENTS_OF_RECORD)) throw unknownNumber(after);
        if (!isPatient) outlet.write('', true);
      }
      // Whoever waits here is told; what runs in the background waits by itself.
      if (isPatient) failureOf(teller.paused);
      await outlet.drained();
    }
    if (outlet.gone.aborted) return false;
    outlet.end();
    return true;
  } catch (thrown) {
    const error = shownOf(context, thrown);
    if (outlet.gone.aborted) return false;
    if (!outlet.isOpen) respondProblem(response, error);
    else {
      const { error: problem } = problemOf(error.toBody());
      outlet.write(`event: error\ndata: ${eventData({ ...problem, type: 'error', sequence_number: last + 1 })}\n\n`, true);
      outlet.end();
    }
    return teller?.outcome !== undefined;
  }
}

/** They come of the run's creation, before anything else is known. */
const QUIET: ReadonlySet<string> = new Set(['response.created', 'response.queued', 'response.in_progress']);

function lastSeqOf(piece: Exclude<Piece, { readonly kind: 'silence' }>): number {
  return piece.kind === 'fold' ? piece.seq : (piece.records.at(-1)?.seq ?? 0);
}

function unknownNumber(after: number): OpenClawError {
  return new OpenClawError('BAD_REQUEST', `starting_after: the response has no event ${after} yet.`, {
    cause: { param: 'starting_after' },
  });
}

function expired(): OpenClawError {
  return new OpenClawError(
    'EXPIRED',
    'The events behind that number are gone. Retrieve the response without stream, or stream it from the start.',
  );
}
