import { LIMITS, OpenClawError } from '@openclaw-runtime/protocol';
import { isObject } from '../../openai/input/fields.ts';
import type { ErrorShape } from './errors.ts';

/** What a client asks: answered by a `res` with the same id, `agent` by two. */
export interface Request {
  readonly id: string;
  readonly method: string;
  readonly params: unknown;
}

/** Throws `BAD_FRAME`, whose message tells what is wrong. */
export function parseRequest(given: unknown): Request {
  if (!isObject(given) || given['type'] !== 'req')
    throw new OpenClawError('BAD_FRAME', 'Frames from clients are requests: {type: "req", id, method, params}.');
  const { id, method, params } = given;
  if (!isName(id)) throw new OpenClawError('BAD_FRAME', `A request’s id is a text of 1 to ${LIMITS.maxNameLength} characters.`);
  if (!isName(method)) throw new OpenClawError('BAD_FRAME', `A request’s method is a text of 1 to ${LIMITS.maxNameLength} characters.`);
  return { id, method, params: params ?? {} };
}

export function resultFrame(id: string, payload: object): string {
  return JSON.stringify({ type: 'res', id, ok: true, payload });
}

export function errorFrame(id: string, error: ErrorShape, payload?: object): string {
  return JSON.stringify({ type: 'res', id, ok: false, ...(payload && { payload }), error });
}

/** `seq` counts the events of one connection from 1; the challenge has none. */
export function eventFrame(event: string, payload: object, seq?: number): string {
  return JSON.stringify({ type: 'event', event, payload, ...(seq === undefined ? {} : { seq }) });
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= LIMITS.maxNameLength;
}
