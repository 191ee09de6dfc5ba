import { plainJson, plainLine } from '../commands/plain.ts';
import { withServer } from '../commands/server.ts';
import type { World } from '../commands/world.ts';
import type { RunsOptions } from './runs.ts';

/** Cancels runs; all names are looked up before the first one is. Resolves with the exit code. */
export async function cancelRuns(names: readonly string[], options: RunsOptions, world: World): Promise<number> {
  const cancelled: string[] = [];
  const ended: string[] = [];
  await withServer(options, world, async ({ api }) => {
    const found = await Promise.all(names.map((name) => api.find(name)));
    for (const run of new Set(found.map((each) => each.run))) ((await api.cancel(run)) ? cancelled : ended).push(run);
  });
  if (options.json) world.out.write(`${plainJson({ cancelled, ended })}\n`);
  else {
    for (const run of cancelled) world.out.write(`${plainLine(run)} is cancelled\n`);
    for (const run of ended) world.err.write(`claw: ${plainLine(run)} had ended already\n`);
  }
  return 0;
}
