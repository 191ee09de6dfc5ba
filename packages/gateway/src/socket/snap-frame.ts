import type { Snapshot } from '@openclaw-runtime/store';

/** Replaces all that a channel's reader knew (PROTOCOL.md §5.5). */
export function snapFrame(ch: number, epoch: number, { seq, h, fold }: Snapshot): string {
  return `{"t":"snap","ch":${ch},"epoch":${epoch},"s":${seq},"h":${h},"fold":${fold}}`;
}
