import type { World } from './world.ts';

/** Shows on stderr that something is awaited: on a terminal with colour only. */
export interface Spinner {
  start(says: string): void;
  /** Takes it away again, as if it had never been. */
  stop(): void;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
const ERASE_LINE = '\r\u001b[K';

export function createSpinner({ err, clock }: Pick<World, 'err' | 'clock'>, shown: boolean): Spinner {
  let cancel: (() => void) | undefined;

  const turn = (says: string, frame: number): void => {
    err.write(`\r${FRAMES[frame % FRAMES.length]} ${says}`);
    cancel = clock.after(FRAME_MS, () => turn(says, frame + 1));
  };

  return {
    start(says) {
      if (shown && !cancel) turn(says, 0);
    },
    stop() {
      if (!cancel) return;
      cancel();
      cancel = undefined;
      err.write(ERASE_LINE);
    },
  };
}
