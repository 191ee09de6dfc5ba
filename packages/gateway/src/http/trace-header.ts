import type { IncomingMessage } from 'node:http';
import type { Start } from '@openclaw-runtime/protocol';

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
const MOST_STATE_CHARS = 512;

/** What was asked, in the trace that the request's headers name (W3C trace context), unless it names one itself. Headers that are none are passed over. */
export function inTrace(asked: Start['run'], { headers }: Pick<IncomingMessage, 'headers'>): Start['run'] {
  const { traceparent: parent, tracestate: state } = headers;
  if (asked.trace || typeof parent !== 'string' || !TRACEPARENT.test(parent)) return asked;
  const trace = typeof state === 'string' && state !== '' && state.length <= MOST_STATE_CHARS ? { parent, state } : { parent };
  return { ...asked, trace };
}
