import type { Clock } from '@openclaw-runtime/kit';
import type { Persister } from './persister.ts';

/** Hears what the engine does. */
export interface EngineMeter {
  /** A group of records goes to the engine: all that was appended until now and not yet kept. */
  left(chars: number): void;
  /** It is durable; followers hear of it right after. */
  kept(tookMs: number): void;
  /** The disk was full: it comes again with the next one. */
  refused(): void;
  /** Records of a run went into its snapshot. */
  folded(tookMs: number): void;
}

export function meteredPersister(persister: Persister, meter: EngineMeter, clock: Clock): Persister {
  return {
    ...persister,
    async commit(batch) {
      const began = clock.now();
      meter.left(batch.lines.length + batch.creates.length + batch.segments.length);
      const receipt = await persister.commit(batch);
      if (receipt.ok) meter.kept(clock.now() - began);
      else if (receipt.full) meter.refused();
      return receipt;
    },
    async fold(key) {
      const began = clock.now();
      const more = await persister.fold(key);
      meter.folded(clock.now() - began);
      return more;
    },
  };
}
