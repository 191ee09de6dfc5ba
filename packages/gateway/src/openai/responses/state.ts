import { OpenClawError } from '@openclaw-runtime/protocol';
import { type Head, runKey } from '@openclaw-runtime/store';
import type { GatewayContext } from '../../admission/options.ts';
import { createdOf, readRun } from '../reading/follow.ts';
import { noResponse, responseId } from '../words/ids.ts';
import { doorOf } from './response.ts';
import { ResponseTeller } from './teller.ts';

/** A response as it is now. */
export interface ReadResponse {
  readonly teller: ResponseTeller;
  readonly head: Head;
}

/** Reads a response of this tenant's. Rejects with `NOT_FOUND`, also for one that was deleted or was not to be stored; `isOwn`: save by the request that made it. */
export async function readResponse(context: GatewayContext, tenant: string, run: string, isOwn = false): Promise<ReadResponse> {
  if (!isOwn) await checkKept(context, tenant, run);
  let teller: ResponseTeller | undefined;
  let head: Head | undefined;
  try {
    for await (const piece of readRun(context, runKey(tenant, run))) {
      ({ head } = piece);
      teller ??= new ResponseTeller(run, createdOf(piece), context.priceOf);
      if (piece.kind === 'fold') teller.takeFold(piece.fold);
      else for (const record of piece.records) teller.take(record);
    }
  } catch (error) {
    throw error instanceof OpenClawError && error.code === 'NOT_FOUND' ? noResponse(responseId(run)) : error;
  }
  if (!teller || !head) throw noResponse(responseId(run));
  if (!isOwn && !doorOf(teller.created).store) throw noResponse(responseId(run));
  return { teller, head };
}

/** Nobody is shown it any more. Its run's records go when those of other runs do. */
export async function forget(context: GatewayContext, tenant: string, run: string): Promise<void> {
  const { state } = context.store;
  await state.put(tenant, deletedKey(run), '1', 0).catch((error: unknown) => {
    // Somebody did the same.
    if (!(error instanceof OpenClawError) || error.code !== 'STATE_CONFLICT') throw error;
  });
}

async function checkKept({ store }: GatewayContext, tenant: string, run: string): Promise<void> {
  if (await store.state.get(tenant, deletedKey(run))) throw noResponse(responseId(run));
}

function deletedKey(run: string): string {
  return `response-deleted/${run}`;
}
