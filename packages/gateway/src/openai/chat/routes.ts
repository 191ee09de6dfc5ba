import type { IncomingMessage, ServerResponse } from 'node:http';
import { type CreatedRun, createRun } from '../../admission/create-run.ts';
import { readJson } from '../../http/body.ts';
import { inTrace } from '../../http/trace-header.ts';
import { gonePeer, type House, idempotencyKeyOf, lastEventIdOf, leaseOf } from '../house/house.ts';
import { parseChat } from '../input/chat-request.ts';
import { parseReached } from './cursors.ts';
import { streamChat } from './stream.ts';
import { respondChat } from './whole.ts';

/** `POST /v1/chat/completions`: each choice is a run. */
export async function postChat(house: House, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { context, create, tenant, leases } = house;
  const idempotencyKey = idempotencyKeyOf(request);
  const lease = leaseOf(idempotencyKey);
  const asked = parseChat(await readJson(request), lease.afterDeathMs);
  const run = inTrace(asked.run, request);
  const from = parseReached(lastEventIdOf(request, idempotencyKey), asked.n);
  // The first was paid for when the request came.
  for (let choice = 1; choice < asked.n; choice++) if (create.asker) context.admission.run(create.asker);
  const runs: CreatedRun[] = [];
  const releases: ((isOver: boolean) => void)[] = [];
  let isOver = false;
  try {
    for (let choice = 0; choice < asked.n; choice++) {
      const made = await createRun(create, tenant, run, keyOf(idempotencyKey, choice));
      runs.push(made);
      releases.push(leases.hold(made.key, lease.graceMs));
    }
    isOver = asked.stream
      ? await streamChat(context, response, asked, runs, from)
      : await respondChat(context, response, asked, runs, gonePeer(context, response));
  } finally {
    for (const release of releases) release(isOver);
  }
}

/** Of one choice of several: no client's key looks so. */
function keyOf(idempotencyKey: string | undefined, choice: number): string | undefined {
  return idempotencyKey === undefined || choice === 0 ? idempotencyKey : `${idempotencyKey}\n${choice}`;
}
