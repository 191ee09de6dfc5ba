import { OpenClawError } from '@openclaw-runtime/protocol';
import { livingOwner } from '../commands/place.ts';
import type { World } from '../commands/world.ts';
import type { Config } from '../config/config.ts';
import { resolveConfig } from '../config/resolve.ts';

/** Options of the commands that look after data. */
export interface DataOptions {
  readonly config?: string;
  readonly data?: string;
  readonly json?: boolean;
}

export function configOf({ config, data }: DataOptions, world: World): Config {
  return resolveConfig({ ...(config === undefined ? {} : { config }), ...(data === undefined ? {} : { data }) }, world.config);
}

/** The server that has the data folder open, to be asked over HTTP. */
export interface Keeper {
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
}

export async function keeperOf(config: Config, world: World): Promise<Keeper | undefined> {
  const owner = await livingOwner(config, world);
  if (!owner) return undefined;
  const token = (await config.server.token?.fetch()) ?? owner.key;
  return { base: owner.url.replace(/^ws/, 'http'), headers: token === undefined ? {} : { authorization: `Bearer ${token}` } };
}

/** What an answer that is no success says. */
export async function errorOf(status: number, parts: AsyncIterable<Uint8Array>): Promise<OpenClawError> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const part of parts) text += decoder.decode(part, { stream: true });
  try {
    return OpenClawError.fromBody((JSON.parse(text) as { readonly error: Parameters<typeof OpenClawError.fromBody>[0] }).error);
  } catch {
    return new OpenClawError('INTERNAL', `The server answered ${status}.`);
  }
}

const INTERRUPTED = 130;

/** Runs `act` with a signal that Ctrl-C aborts; then resolves with 130 once it has tidied up. A second one ends the process at once. */
export async function interruptible(world: World, act: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const abort = new AbortController();
  let stops = 0;
  const release = world.onStop(() => {
    if (++stops > 1) world.exit(INTERRUPTED);
    abort.abort(new Error('interrupted'));
  });
  try {
    return await act(abort.signal);
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    world.err.write('claw: interrupted; nothing was left behind\n');
    return INTERRUPTED;
  } finally {
    release();
  }
}
