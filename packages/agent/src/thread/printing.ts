import type { Clock } from '@openclaw-runtime/kit';

/** What a call may print in a second. */
const MAX_CHARS = 64 * 1024;
const WINDOW_MS = 1000;

export interface Printing {
  print(text: string): void;
  /** Says how much was dropped and not yet told. */
  end(): void;
}

/** Passes on what is printed, up to 64 KiB a second, and how many characters before it were dropped. */
export function createPrinting(clock: Clock, say: (text: string, dropped: number) => void): Printing {
  let since = clock.now();
  let left = MAX_CHARS;
  let dropped = 0;
  return {
    print(text) {
      const now = clock.now();
      if (now - since >= WINDOW_MS) {
        since = now;
        left = MAX_CHARS;
      }
      if (left === 0) {
        dropped += text.length;
        return;
      }
      const kept = text.slice(0, left);
      left -= kept.length;
      say(kept, dropped);
      dropped = text.length - kept.length;
    },
    end() {
      if (dropped > 0) say('', dropped);
      dropped = 0;
    },
  };
}
