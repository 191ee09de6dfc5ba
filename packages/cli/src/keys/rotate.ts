import type { IssuedKey } from '@openclaw-runtime/gateway';
import { posted } from '../commands/api.ts';
import { type ServerOptions, withServer } from '../commands/server.ts';
import type { World } from '../commands/world.ts';
import { durationOf, printed } from './create.ts';
import { findKey } from './find.ts';

export interface RotateOptions extends ServerOptions {
  readonly grace?: string;
  readonly json?: boolean;
}

/** Gives a key another secret and prints it. Resolves with the exit code. */
export async function rotateKey(name: string, options: RotateOptions, world: World): Promise<number> {
  const graceMs = options.grace === undefined ? 0 : durationOf('--grace', options.grace);
  const issued = await withServer(options, world, async ({ ask }) => {
    const id = await findKey(ask, name);
    return (await ask(`/v1/keys/${id}/rotate`, posted({ graceMs }))) as IssuedKey;
  });
  return printed(issued, options.json ?? false, world);
}
