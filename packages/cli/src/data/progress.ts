import type { World } from '../commands/world.ts';

/** How far a long command is: one line on a terminal, nothing elsewhere. */
export interface Progress {
  tell(share: number): void;
  /** Takes the line away. */
  end(): void;
}

const EVERY_MS = 100;
const ERASE_LINE = '\r\u001b[K';

export function createProgress({ err, clock }: Pick<World, 'err' | 'clock'>, says: string, isShown: boolean): Progress {
  let next = clock.now() + EVERY_MS;
  let isThere = false;
  return {
    tell(share) {
      if (!isShown || clock.now() < next) return;
      next = clock.now() + EVERY_MS;
      isThere = true;
      err.write(`${ERASE_LINE}${says} … ${Math.floor(share * 100)} %`);
    },
    end() {
      if (isThere) err.write(ERASE_LINE);
      isThere = false;
    },
  };
}

export function bytesText(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}
