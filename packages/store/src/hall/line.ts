import type { Chunk, Head } from '../contract/store.ts';
import type { Piece } from './chunk.ts';

/** One journal entry's part for one run. JSON escapes tabs and line breaks, so neither occurs inside a field. */
export interface Line {
  readonly key: string;
  readonly epoch: number;
  /** Without the chain before it: that is where the run's line before ends. */
  readonly chunk: Chunk;
  /** Only on a run's first line. */
  readonly fingerprint: string;
}

export function encodeLine(key: string, epoch: number, piece: Chunk, fingerprint = ''): string {
  return `${key}\t${epoch}\t${piece.first}\t${piece.count}\t${piece.h}\t${fingerprint}\t${piece.body}\n`;
}

/** Records of a run that get a place of their own, and where the run then stands. */
export interface Segment {
  readonly key: string;
  readonly head: Head;
  readonly born: number;
  /** How and when (milliseconds since 1970) it ended; '' and 0 while it runs. */
  readonly status: string;
  readonly ended: number;
  readonly fingerprint: string;
  readonly piece: Piece;
}

export function encodeSegment({ key, head, born, status, ended, fingerprint, piece }: Segment): string {
  const line = encodeLine(key, head.epoch, piece, fingerprint);
  return `${born}\t${head.seq}\t${head.done ? 1 : 0}\t${status}\t${ended}\t${piece.before}\t${line}`;
}

export function decodeSegments(text: string): Segment[] {
  return rows(text).map((raw) => {
    const [born, seq, done, status = '', ended, before, ...line] = raw.split('\t');
    const { key, epoch, chunk, fingerprint } = decodeLine(line);
    const head = { epoch, seq: int(seq), h: chunk.h, done: done === '1' };
    return { key, head, born: int(born), status, ended: int(ended), fingerprint, piece: { ...chunk, before: int(before) } };
  });
}

/** Throws on anything that {@link encodeLine} did not write. */
export function decodeLines(text: string): Line[] {
  return rows(text).map((raw) => decodeLine(raw.split('\t')));
}

/** The lines of a text, each with its run's key and its end. */
export function* splitLines(text: string): Generator<{ readonly key: string; readonly line: string }> {
  for (const raw of rows(text)) yield { key: raw.slice(0, raw.indexOf('\t')), line: `${raw}\n` };
}

/** A text without the longer one that it was cut out of, and would keep in memory. */
export function ownText(text: string): string {
  return ` ${text}`.slice(1);
}

function decodeLine([key, epoch, first, count, h, fingerprint, body, ...rest]: readonly string[]): Line {
  if (key === undefined || body === undefined || fingerprint === undefined || rest.length > 0)
    throw new Error('a journal line has the wrong number of fields');
  const chunk = { first: int(first), count: int(count), h: int(h), body };
  return { key, epoch: int(epoch), chunk, fingerprint };
}

function rows(text: string): string[] {
  const lines = text.split('\n');
  lines.pop();
  return lines;
}

function int(text: string | undefined): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error('a journal line has a field that is no number');
  return value;
}
