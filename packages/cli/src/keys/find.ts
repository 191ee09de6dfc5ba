import type { KeyInfo } from '@openclaw-runtime/gateway';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Ask } from '../commands/api.ts';
import { keysOf } from './list.ts';

/** The id of the one key whose id begins so. Rejects with `NOT_FOUND`, or `BAD_REQUEST` where there are several. */
export async function findKey(ask: Ask, name: string): Promise<string> {
  const hits: readonly KeyInfo[] = (await keysOf(ask)).filter(({ id, revokedMs }) => id.startsWith(name) && revokedMs === undefined);
  const [first, second] = hits;
  if (!first) throw new OpenClawError('NOT_FOUND', `There is no key ${name}. List them: claw keys list.`);
  if (second)
    throw new OpenClawError('BAD_REQUEST', `${name} begins the ids of several keys (${first.id}, ${second.id}, …). Write more of it.`);
  return first.id;
}
