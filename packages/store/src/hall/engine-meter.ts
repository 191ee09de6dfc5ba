import type { Clock } from '@openclaw-runtime/kit';
import type { Head } from '../contract/store.ts';
import type { Persister } from './persister.ts';

/** Hears what the engine does. */
export interface EngineMeter {
  /** A run is given to an owner. Absent, or undefined of a lease: its records are not listened to. */
  leased?(lease: MeteredRun): LeaseMeter | undefined;
  /** A command is put before a run. */
  command?(kind: string): void;
  /** A group of records goes to the engine: all that was appended until now and not yet kept. */
  left(chars: number): void;
  /** It is durable; followers hear of it right after. */
  kept(tookMs: number): void;
  /** The disk was full: it comes again with the next one. */
  refused(): void;
  /** Records of a run went into its snapshot. */
  folded(tookMs: number): void;
}

/** The run of a lease, as it is when the lease is given out. */
export interface MeteredRun {
  readonly creation: string;
  readonly head: Head;
}

/** Hears what the owner of one run makes known, while it is appended. */
export interface LeaseMeter {
  appended(records: readonly string[]): void;
  replaySaved(chars: number): void;
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
