import type { Piece } from './chunk.ts';

/** One journal entry's part for one run. JSON escapes tabs and line breaks, so neither occurs inside a field. */
export interface Line {
  readonly key: string;
  readonly epoch: number;
  readonly piece: Piece;
  /** Only on a run's first line. */
  readonly fingerprint: string;
}

export function encodeLine(key: string, epoch: number, piece: Piece, fingerprint = ''): string {
  return `${key}\t${epoch}\t${piece.first}\t${piece.count}\t${piece.before}\t${piece.h}\t${fingerprint}\t${piece.body}\n`;
}

/** Throws on anything that {@link encodeLine} did not write. */
export function decodeLines(text: string): Line[] {
  const lines: Line[] = [];
  for (const raw of text.split('\n')) {
    if (raw === '') continue;
    const [key, epoch, first, count, before, h, fingerprint, body, ...rest] = raw.split('\t');
    if (key === undefined || body === undefined || fingerprint === undefined || rest.length > 0)
      throw new Error('a journal line has the wrong number of fields');
    const piece = { first: int(first), count: int(count), before: int(before), h: int(h), body };
    lines.push({ key, epoch: int(epoch), piece, fingerprint });
  }
  return lines;
}

function int(text: string | undefined): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error('a journal line has a field that is no number');
  return value;
}
