import { memoryUsage } from 'node:process';

/** Says how many bytes of memory this process has; those of the last time while it has no descriptor left to look with. */
export function createResidentBytes(): () => number {
  let last = 0;
  return () => {
    try {
      last = memoryUsage.rss();
    } catch {
      // Whoever asks does so now and then, and must not end because of it.
    }
    return last;
  };
}
