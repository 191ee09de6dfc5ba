import type { OpenClawClient, Run } from '@openclaw-runtime/client';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { RunSummary } from '@openclaw-runtime/store';
import { followRun, INTERRUPTED } from '../commands/follow.ts';
import { plainJson } from '../commands/plain.ts';
import { withServer } from '../commands/server.ts';
import type { World } from '../commands/world.ts';
import type { RunsOptions } from './runs.ts';

export interface TailOptions extends RunsOptions {
  readonly from: string;
  readonly raw?: boolean;
}

/** Follows a run to its end. Resolves with the exit code. */
export async function tailRun(name: string, options: TailOptions, world: World): Promise<number> {
  const { from } = options;
  if (from !== 'start' && from !== 'end')
    throw new OpenClawError('BAD_REQUEST', `--from: ${JSON.stringify(from)} is neither start nor end.`);
  return withServer(options, world, async (server) => {
    const summary = await server.api.find(name);
    const client = await server.client();
    const attach = (): Run => client.attach(from === 'end' ? atEnd(summary) : summary.run);
    if (!options.raw && !options.json) return followRun(server, attach, { details: true, onInterrupt: 'detach' }, world);
    await server.connect();
    return records(client, attach(), world);
  });
}

/** Each record of the log as JSON, one a line. */
async function records(client: OpenClawClient, run: Run, world: World): Promise<number> {
  client.on('reconnect', (attempt) => world.err.write(`claw: the server is gone, connecting again (attempt ${attempt})\n`));
  let stopped = false;
  const release = world.onStop(() => {
    if (stopped) world.exit(INTERRUPTED);
    stopped = true;
    run.detach();
  });
  const result = run.result().catch((error: unknown) => {
    if (!stopped) throw error;
    return undefined;
  });
  try {
    for await (const item of run) world.out.write(`${plainJson(item)}\n`);
    const ended = await result;
    if (!ended) return INTERRUPTED;
    return ended.status === 'completed' ? 0 : 1;
  } finally {
    release();
  }
}

/** What came before is fetched, so that the result is whole, but not told. */
function atEnd({ run, epoch, head }: RunSummary): { readonly run: string; readonly epoch: number; readonly seq: number } {
  return { run, epoch, seq: head };
}
