import { followRun } from '../commands/follow.ts';
import { plainLine } from '../commands/plain.ts';
import { withServer } from '../commands/server.ts';
import type { World } from '../commands/world.ts';
import { parseCount, type RunsOptions } from './runs.ts';

export interface ForkOptions extends RunsOptions {
  readonly at?: string;
  readonly model?: string;
  readonly input?: string;
}

/** Forks a run and prints what the new one says beyond what it shares with the old one. Resolves with the exit code. */
export async function forkRun(name: string, options: ForkOptions, world: World): Promise<number> {
  const at = parseCount('--at', options.at, 1);
  const input = options.input === '-' ? (await world.input.read()).trimEnd() : options.input;
  return withServer(options, world, async (server) => {
    const source = await server.api.find(name);
    const { run, epoch, fork } = await server.api.fork(source.run, { at, model: options.model, input });
    const client = await server.client();
    if (!options.json) world.err.write(`claw: ${plainLine(`${run} goes on from record ${fork.seq} of ${source.run}`)}\n`);
    return followRun(server, () => client.attach({ run, epoch, seq: fork.seq }), { json: options.json, onInterrupt: 'cancel' }, world);
  });
}
