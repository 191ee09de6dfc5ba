import { plainJson } from '../commands/plain.ts';
import { withServer } from '../commands/server.ts';
import { createStyle } from '../commands/style.ts';
import type { World } from '../commands/world.ts';
import { pageOf } from './page.ts';
import { readTree } from './read-run.ts';
import type { RunsOptions } from './runs.ts';

/** Prints what is known of a run, and of the runs it started. Resolves with the exit code. */
export async function showRun(name: string, options: RunsOptions, world: World): Promise<number> {
  const run = await withServer(options, world, async ({ api, connect }) => {
    const summary = await api.find(name);
    return { ...summary, ...(await readTree(await connect(), api, summary)) };
  });
  if (options.json) world.out.write(`${plainJson(run)}\n`);
  else world.out.write(pageOf(run, createStyle(world, world.out), world.clock.wall()));
  return 0;
}
