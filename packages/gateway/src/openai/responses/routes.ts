import type { IncomingMessage, ServerResponse } from 'node:http';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { runKey } from '@openclaw-runtime/store';
import { createRun } from '../../admission/create-run.ts';
import { submitCommand } from '../../admission/submit.ts';
import { readJson } from '../../http/body.ts';
import { respondJson } from '../../http/respond.ts';
import { inTrace } from '../../http/trace-header.ts';
import type { House } from '../house/house.ts';
import { failureOf, gonePeer, graceMsOf, idempotencyKeyOf, lastEventIdOf, leaseOf } from '../house/house.ts';
import { checkedRun } from '../input/asked.ts';
import { parseResponse } from '../input/response-request.ts';
import { waitForEnd } from '../reading/ended.ts';
import { responseId, runOfResponse } from '../words/ids.ts';
import { afterOf } from './after.ts';
import { historyOf } from './history.ts';
import { inputItems } from './input-items.ts';
import { doorOf, type ResponseDoor, responseBody } from './response.ts';
import { forget, readResponse } from './state.ts';
import { streamResponse } from './stream.ts';

/** Milliseconds in which a cancelled response is waited for. */
const CANCEL_MS = 10_000;

/** `POST /v1/responses`. */
export async function postResponse(house: House, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { context, create, tenant, leases } = house;
  const asked = parseResponse(await readJson(request));
  const { background, store, instructions, previous, input, effort } = asked;
  const idempotencyKey = idempotencyKeyOf(request);
  const after = afterOf(lastEventIdOf(request, idempotencyKey));
  const past = previous === undefined ? [] : await historyOf(context, tenant, previous, input);
  const system = instructions === undefined ? [] : [{ role: 'system', content: instructions } as const];
  const lease = leaseOf(idempotencyKey);
  const door: ResponseDoor = {
    api: 'responses',
    model: asked.model,
    background,
    store,
    from: system.length + past.length,
    ...(instructions === undefined ? {} : { instructions }),
    ...(previous === undefined ? {} : { previous }),
    ...(effort === undefined ? {} : { effort }),
    ...asked.metadata,
    ...(background ? {} : { leaseMs: lease.afterDeathMs }),
  };
  const run = checkedRun({ ...asked.run, input: [...system, ...past, ...input] }, door);
  const made = await createRun(create, tenant, inTrace(run, request), idempotencyKey);
  const release = background ? undefined : leases.hold(made.key, lease.graceMs);
  let isOver = false;
  try {
    if (asked.stream) isOver = await streamResponse(context, response, made, after, !background);
    else if (background) return respondJson(response, 200, await bodyOf(house, made.run), headersOf(made.run));
    else {
      const gone = gonePeer(context, response);
      const ended = await waitForEnd(context, made.key, gone, failureOf);
      if (!ended) return;
      isOver = true;
      if (ended.outcome.status !== 'cancelled') failureOf(ended.outcome);
      respondJson(response, 200, await bodyOf(house, made.run, true), headersOf(made.run));
    }
  } finally {
    release?.(isOver);
  }
}

/** `GET /v1/responses/{id}`. */
export async function getResponse(house: House, id: string, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const { context, tenant, leases } = house;
  const run = runOfResponse(id);
  const key = runKey(tenant, run);
  const { teller, head } = await readResponse(context, tenant, run);
  if (url.searchParams.get('stream') !== 'true') return respondJson(response, 200, responseBody(teller), headersOf(run));
  const header = request.headers['last-event-id'];
  const after = afterOf(url.searchParams.get('starting_after') ?? (typeof header === 'string' ? header : undefined));
  // Whoever watches what somebody else waits for keeps it alive.
  const { leaseMs } = doorOf(teller.created);
  const release = leaseMs === undefined ? undefined : leases.hold(key, graceMsOf(leaseMs));
  let isOver = false;
  try {
    isOver = await streamResponse(context, response, { run, key, head }, after, false);
  } finally {
    release?.(isOver);
  }
}

/** `POST /v1/responses/{id}/cancel`: answers when it has come to its end, or with how it stands when that takes long. */
export async function cancelResponse(house: House, id: string, response: ServerResponse): Promise<void> {
  const { context, tenant } = house;
  const run = runOfResponse(id);
  const key = runKey(tenant, run);
  await readResponse(context, tenant, run);
  await submitCommand(context.store, key, { id: 'response-cancel', kind: 'cancel' }).catch(unlessFinished);
  const late = new AbortController();
  const callOff = context.clock.after(CANCEL_MS, () => late.abort());
  await waitForEnd(context, key, AbortSignal.any([gonePeer(context, response), late.signal]));
  callOff();
  respondJson(response, 200, await bodyOf(house, run), headersOf(run));
}

/** `DELETE /v1/responses/{id}`. */
export async function deleteResponse(house: House, id: string, response: ServerResponse): Promise<void> {
  const { context, tenant } = house;
  const run = runOfResponse(id);
  const { head } = await readResponse(context, tenant, run);
  if (!head.done) await submitCommand(context.store, runKey(tenant, run), { id: 'response-cancel', kind: 'cancel' }).catch(unlessFinished);
  await forget(context, tenant, run);
  respondJson(response, 200, { id: responseId(run), object: 'response', deleted: true });
}

/** `GET /v1/responses/{id}/input_items`. */
export async function getInputItems(house: House, id: string, response: ServerResponse, url: URL): Promise<void> {
  const run = runOfResponse(id);
  const { teller } = await readResponse(house.context, house.tenant, run);
  respondJson(response, 200, inputItems(run, teller.created, url.searchParams));
}

/** `isOwn`: of the request that made it, to which also one that is not stored is shown. */
async function bodyOf({ context, tenant }: House, run: string, isOwn = false): Promise<object> {
  const { teller } = await readResponse(context, tenant, run, isOwn);
  return responseBody(teller);
}

function headersOf(run: string): Record<string, string> {
  return { 'x-request-id': run };
}

function unlessFinished(error: unknown): void {
  if (!(error instanceof OpenClawError) || error.code !== 'RUN_FINISHED') throw error;
}
