import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Snapshot } from '../contract/store.ts';
import { assembleFold, partIds } from '../hall/folding.ts';
import type { KeptSnapshot } from './messages.ts';
import { unpackFolded } from './snapshot-rows.ts';

/** Parts asked for at once. */
const AT_ONCE = 4;
const TRIES = 10;

/** A snapshot put together from its parts. While they are fetched the run may go on, and parts may go: then it is read again. */
export async function readSnapshot(
  head: () => Promise<KeptSnapshot | undefined>,
  part: (id: number) => Promise<string | undefined>,
): Promise<Snapshot | undefined> {
  for (let tries = 0; tries < TRIES; tries++) {
    const kept = await head();
    if (!kept) return undefined;
    const { seq, h, creation, replay } = kept;
    const fold = kept.begun === '' ? kept.fold : await wholeFold(kept, part);
    if (fold !== undefined) return { seq, h, fold, creation, ...(replay === undefined ? {} : { replay }) };
  }
  throw new OpenClawError('STATE_CONFLICT', 'The snapshot kept changing while it was read. Try again.');
}

async function wholeFold(kept: KeptSnapshot, part: (id: number) => Promise<string | undefined>): Promise<string | undefined> {
  const folded = unpackFolded(kept);
  const ids = partIds(folded);
  const texts = new Map<number, string>();
  for (let i = 0; i < ids.length; i += AT_ONCE) {
    const some = ids.slice(i, i + AT_ONCE);
    const found = await Promise.all(some.map(part));
    for (const [n, id] of some.entries()) {
      const text = found[n];
      if (text === undefined) return undefined;
      texts.set(id, text);
    }
  }
  return assembleFold(folded, (id) => texts.get(id) ?? '');
}
