import type { RunKey } from '@openclaw-runtime/store';

/**
 * One run on one connection: the cursor from which it is fed. It takes its number when the client asks for it and its run when the store has answered.
 */
export class Channel {
  readonly ch: number;
  /** Send nothing before the run is done; false from then on. */
  hold: boolean;
  key: RunKey | undefined;
  after = 0;
  done = false;
  /** In the connection's list of channels with something to send. */
  dirty = false;
  /** A page is being fetched from disk. */
  reading = false;
  /** Marked again during that. */
  moved = false;
  /** The last page came from memory. */
  warm = false;
  open = true;
  /** Clock time of the last frame that fed it. */
  fedAt = 0;
  unfollow: (() => void) | undefined;

  constructor(ch: number, hold: boolean) {
    this.ch = ch;
    this.hold = hold;
  }

  close(): void {
    this.open = false;
    this.unfollow?.();
  }
}
