import type { OpenClawClient } from '@openclaw-runtime/client';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { RunSummary } from '@openclaw-runtime/store';
import type { Server } from '../commands/server.ts';

/** A state that an agent saved in a run, by the record that has it. */
export interface Saved {
  readonly seq: number;
  /** Of the agent. */
  readonly version: number;
  /** As `encodeState` wrote it. */
  readonly state: string;
  /** Pieces of the operation that are done since the one before. */
  readonly pieces: number;
}

export interface SavedRun {
  readonly run: RunSummary;
  /** Oldest first. */
  readonly saved: readonly Saved[];
}

/** The run that `name` begins, and what its agent saved. Rejects with `NOT_FOUND` where that is nothing. */
export async function findSaved(server: Server, name: string): Promise<SavedRun> {
  const run = await server.api.find(name);
  const saved = await readSaved(await server.connect(), run);
  if (saved.length > 0) return { run, saved };
  const why = run.head > 0 && run.endedMs !== undefined ? ' Records of runs that ended long ago may be gone.' : '';
  throw new OpenClawError('NOT_FOUND', `Run ${run.run} has no snapshots: its agent saved no state.${why}`);
}

/** `RUN` or `RUN@SEQ`: the last snapshot at or before that record; without it the last of all. */
export async function findOne(server: Server, place: string): Promise<SavedRun & { readonly one: Saved }> {
  const [, name = place, at] = /^(.+)@(\d+)$/.exec(place) ?? [];
  const found = await findSaved(server, name);
  const one = at === undefined ? found.saved.at(-1) : found.saved.findLast(({ seq }) => seq <= Number(at));
  if (one) return { ...found, one };
  throw new OpenClawError(
    'NOT_FOUND',
    `Run ${found.run.run} has no snapshot at or before record ${at}. The first is at ${found.saved[0]?.seq}.`,
  );
}

async function readSaved(client: OpenClawClient, { run, head }: RunSummary): Promise<Saved[]> {
  const saved: Saved[] = [];
  let pieces = 0;
  const reader = client.attach(run);
  reader.result().catch(() => undefined);
  for await (const item of reader) {
    if (item.kind === 'piece.done') pieces++;
    if (item.kind === 'state.saved') {
      saved.push({ seq: item.seq, ...item.data, pieces });
      pieces = 0;
    }
    if (item.seq >= head) break;
  }
  reader.detach();
  return saved;
}
