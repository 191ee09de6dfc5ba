import { plainJson, plainText } from '../commands/plain.ts';
import { withServer } from '../commands/server.ts';
import type { World } from '../commands/world.ts';
import type { RunsOptions } from '../runs/runs.ts';
import { findOne } from './find.ts';

/** Prints one snapshot's state. Resolves with the exit code. */
export async function showSnapshot(place: string, options: RunsOptions, world: World): Promise<number> {
  const { run, one } = await withServer(options, world, (server) => findOne(server, place));
  const state: unknown = JSON.parse(one.state);
  if (options.json) world.out.write(`${plainJson({ run: run.run, seq: one.seq, version: one.version, state })}\n`);
  else world.out.write(`${plainText(JSON.stringify(state, undefined, 2))}\n`);
  return 0;
}
