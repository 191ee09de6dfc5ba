import { OpenClawError } from '@openclaw-runtime/protocol';
import { followRun } from '../commands/follow.ts';
import { plainLine } from '../commands/plain.ts';
import { withServer } from '../commands/server.ts';
import type { World } from '../commands/world.ts';
import type { RunsOptions } from '../runs/runs.ts';
import { findOne } from './find.ts';

/** A new run goes on from a snapshot, and is followed to its end. `ended`: only of a run that is over. Resolves with the exit code. */
export async function goOnFrom(place: string, ended: boolean, options: RunsOptions, world: World): Promise<number> {
  return withServer(options, world, async (server) => {
    const { run: source, one } = await findOne(server, place);
    if (ended && source.status === 'running')
      throw new OpenClawError(
        'BAD_REQUEST',
        `Run ${source.run} is at work and goes on from its snapshots by itself. To go two ways: claw snapshots fork ${source.run}@${one.seq}.`,
      );
    const { run, epoch, fork } = await server.api.fork(source.run, { at: one.seq });
    const client = await server.client();
    if (!options.json) world.err.write(`claw: ${plainLine(`${run} goes on from the snapshot at record ${fork.seq} of ${source.run}`)}\n`);
    return followRun(server, () => client.attach({ run, epoch, seq: fork.seq }), { json: options.json, onInterrupt: 'cancel' }, world);
  });
}
