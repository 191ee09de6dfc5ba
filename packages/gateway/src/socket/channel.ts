import type { RunKey } from '@openclaw-runtime/store';

/** One run on one connection: the cursor from which it is fed. */
export interface Channel {
  readonly ch: number;
  readonly key: RunKey;
  readonly epoch: number;
  /** Send nothing before the run is done. */
  readonly hold: boolean;
  after: number;
  done: boolean;
  /** In the connection's list of channels with something to send. */
  dirty: boolean;
  /** A page is being fetched from disk. */
  reading: boolean;
  open: boolean;
  /** Clock time of the last frame that fed it. */
  fedAt: number;
  unfollow(): void;
}
