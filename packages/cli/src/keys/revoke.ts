import type { KeyInfo } from '@openclaw-runtime/gateway';
import { posted } from '../commands/api.ts';
import { plainJson, plainLine } from '../commands/plain.ts';
import { withServer } from '../commands/server.ts';
import type { World } from '../commands/world.ts';
import { findKey } from './find.ts';
import type { KeysOptions } from './list.ts';

/** Takes a key back. Resolves with the exit code. */
export async function revokeKey(name: string, options: KeysOptions, world: World): Promise<number> {
  const { key } = await withServer(options, world, async ({ ask }) => {
    const id = await findKey(ask, name);
    return (await ask(`/v1/keys/${id}/revoke`, posted({}))) as { readonly key: KeyInfo };
  });
  world.out.write(options.json ? `${plainJson({ key })}\n` : `revoked ${key.id} of ${plainLine(key.name)}\n`);
  return 0;
}
