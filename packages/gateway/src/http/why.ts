import type { ServerResponse } from 'node:http';
import { OpenClawError, type Outcome, type RunRecord, type Status, type WireRecord } from '@openclaw-runtime/protocol';
import { type RunKey, runOf } from '@openclaw-runtime/store';
import type { GatewayContext } from '../admission/options.ts';
import type { Reader } from '../socket/connection.ts';
import { respondJson } from './respond.ts';
import { readResult } from './result.ts';

/** How the readers of a run fare, whose last record is `head`. */
export type ReadersOf = (key: RunKey, head: number) => readonly Reader[];

/** `{run, agent, status, seq, forMs, waits, readers}`: what a run waits for, and who reads it too slowly. */
export async function sayWhy(context: GatewayContext, readersOf: ReadersOf, key: RunKey, response: ServerResponse): Promise<void> {
  const { store, clock, insight } = context;
  const waits = insight?.waits(key);
  const { status } = (await readResult(store, key)) as Pick<Outcome, 'status'> | { readonly status: Status };
  // Looked at last: one that ends meanwhile waits for nothing, and no longer for what nobody works on waits for.
  const { head, chunk, snapshot } = await store.runs.read(key, 0, 1);
  if (!insight && !head.done) throw new OpenClawError('NOT_IMPLEMENTED', 'This server works on no runs. Ask the one that does.');
  const [first] = JSON.parse(`[${chunk?.body ?? snapshot?.creation}]`) as [WireRecord];
  const { agent, at } = first[3] as Extract<RunRecord, { readonly kind: 'run.created' }>['data'];
  respondJson(response, 200, {
    run: runOf(key),
    agent,
    status,
    seq: head.seq,
    forMs: Math.max(clock.wall() - at, 0),
    waits: head.done ? [] : waits,
    readers: readersOf(key, head.seq).filter(({ behind }) => behind > 0),
  });
}
