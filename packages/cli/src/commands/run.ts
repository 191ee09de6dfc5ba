import type { OpenClawClient, Run } from '@openclaw-runtime/client';
import type { Config } from '../config/config.ts';
import { type ConfigFlags, resolveConfig } from '../config/resolve.ts';
import { findPlace } from './place.ts';
import { createPrinter } from './printer.ts';
import type { World } from './world.ts';

export interface RunOptions extends Pick<ConfigFlags, 'config' | 'data'> {
  readonly agent?: string;
  readonly model?: string;
  readonly session?: string;
  readonly url?: string;
  readonly json?: boolean;
}

const INTERRUPTED = 130;

/** Runs one prompt and prints the answer as it comes. Resolves with the exit code. */
export async function run(prompt: string, options: RunOptions, world: World): Promise<number> {
  const config = resolveConfig({ ...options }, world.config);
  const place = await findPlace(options, config, world);
  try {
    const { OpenClawClient } = await import('@openclaw-runtime/client');
    const client = new OpenClawClient({ ...tokenOf(config), ...clustersOf(config, world), clock: world.clock, random: world.random });
    try {
      return await follow(client, place.url, prompt, options, world);
    } finally {
      client.close();
    }
  } finally {
    await place.house?.close();
  }
}

async function follow(client: OpenClawClient, url: string, prompt: string, options: RunOptions, world: World): Promise<number> {
  const printer = createPrinter(world, options.json ?? false);
  client.on('token', (text, { step }) => printer.text(text, step));
  client.on('thinking', (text) => printer.thinking(text));
  client.on('rewind', ({ step, keep }) => printer.rewind(step, keep));
  client.on('reconnect', (attempt) => printer.note(`the server is gone, connecting again (attempt ${attempt})`));
  client.on('reconnected', () => printer.note('connected again, the answer goes on'));
  await client.connect(url);

  const { agent, model, session } = options;
  const job = client.run({ input: prompt, ...(agent && { agent }), ...(model && { model }), ...(session && { session }) });
  const interrupt = interruptible(job, world);
  try {
    const result = await job.result();
    printer.end(job.id, result);
    if (interrupt.happened()) return INTERRUPTED;
    return result.status === 'completed' ? 0 : 1;
  } finally {
    interrupt.release();
  }
}

/** The first signal cancels the run, the second one leaves at once. */
function interruptible(job: Run, world: World): { happened(): boolean; release(): void } {
  let stops = 0;
  const release = world.onStop(() => {
    if (++stops > 1) return world.exit(INTERRUPTED);
    job.cancel().catch(() => world.exit(INTERRUPTED));
  });
  return { happened: () => stops > 0, release };
}

/** Clusters of the environment are the client's own business; those of the file stand in when there are none. */
function clustersOf(config: Config, world: World): { readonly clusters?: Config['clusters'] } {
  return world.config.env.OPENCLAW_CLUSTERS ? {} : { clusters: config.clusters };
}

function tokenOf({ server }: Config): { readonly token?: string } {
  return server.token === undefined ? {} : { token: server.token.reveal() };
}
