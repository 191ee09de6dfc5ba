import type { IncomingMessage, ServerResponse } from 'node:http';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Principal } from '../identity/principal.ts';
import type { Tickets } from '../identity/proof/tickets.ts';
import { readJson } from './body.ts';
import { respondJson } from './respond.ts';

/** `POST /v1/tickets` `{origin?}`: `{ticket, expiresInMs}`, for a page of this origin; absent: of that which asks. */
export async function postTicket(
  tickets: Tickets,
  principal: Principal,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = (await readJson(request)) as { readonly origin?: unknown } | null;
  const origin = body?.origin ?? request.headers.origin;
  if (typeof origin !== 'string' || URL.parse(origin)?.origin !== origin)
    throw new OpenClawError('BAD_REQUEST', 'origin: that of the page which is to use the ticket, such as https://app.example.');
  respondJson(response, 201, tickets.issue(principal, origin));
}
