import { randomBytes } from 'node:crypto';
import { continued, varied, wholeText, withBigToken } from './chunks.ts';
import type { Options } from './options.ts';
import type { Packet } from './replay.ts';
import type { Chunk, Wire } from './wires/wire.ts';

/** What one request is to get. */
export interface Take {
  readonly chunks: readonly Chunk[];
  /** The chunks' exact lines, where nothing was changed in them. */
  readonly lines: readonly string[] | undefined;
  readonly nonce: string | undefined;
  /** Whether it goes on from the prefix. */
  readonly continued: boolean;
  readonly full: string;
}

export function takeOf(wire: Wire, lines: readonly string[], options: Options, vary: boolean, prefix: string): Take {
  const nonce = vary || options.vary ? randomBytes(3).toString('hex') : undefined;
  const original = lines.map((line) => JSON.parse(line) as Chunk);
  let chunks: readonly Chunk[] = options.bigtoken > 0 ? withBigToken(wire, original, options.bigtoken) : original;
  if (nonce !== undefined) chunks = varied(wire, chunks, nonce);
  const goesOn = prefix !== '' && nonce === undefined && wholeText(wire, chunks).startsWith(prefix);
  if (goesOn) chunks = continued(wire, chunks, prefix);
  return { chunks, lines: chunks === original ? lines : undefined, nonce, continued: goesOn, full: wholeText(wire, chunks) };
}

export function packetsOf(wire: Wire, chunks: readonly Chunk[], lines?: readonly string[]): readonly Packet[] {
  return chunks.map((chunk, i) => ({
    written: `${wire.head(chunk)}data: ${lines?.[i] ?? JSON.stringify(chunk)}\n\n`,
    text: wire.textOf(chunk),
  }));
}
