/**
 * Whether a write-ahead log is whole. SQLite reads one up to the first frame whose checksum fails and takes the rest for a tail that was never
 * finished. After a loss of power that is right. After the death of a process only the last frame can be unfinished: one that fails before others was
 * changed, and what follows it was acknowledged.
 */
export type WalState = 'whole' | 'broken';

const HEADER = 32;
const FRAME_HEADER = 24;
const MAGIC = 0x377f0682;

/** The file's bytes; none where there is no file. Frames of an earlier round, which have other salts, count as its end. */
export function inspectWal(bytes: Uint8Array): WalState {
  if (bytes.length < HEADER) return 'whole';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  const littleEndian = magic === MAGIC;
  const header = sum(view, 0, 24, [0, 0], littleEndian);
  if ((!littleEndian && magic !== MAGIC + 1) || !sums(view, 24, header)) return 'broken';

  const frameBytes = FRAME_HEADER + view.getUint32(8);
  const hasSalts = (at: number): boolean => view.getUint32(at + 8) === view.getUint32(16) && view.getUint32(at + 12) === view.getUint32(20);
  let running = header;
  let at = HEADER;
  for (; at + frameBytes <= bytes.length; at += frameBytes) {
    if (!hasSalts(at)) break;
    running = sum(view, at + FRAME_HEADER, frameBytes - FRAME_HEADER, sum(view, at, 8, running, littleEndian), littleEndian);
    if (!sums(view, at + 16, running)) break;
  }
  for (at += frameBytes; at + frameBytes <= bytes.length; at += frameBytes) if (hasSalts(at)) return 'broken';
  return 'whole';
}

type Sums = readonly [number, number];

function sum(view: DataView, from: number, length: number, before: Sums, littleEndian: boolean): Sums {
  let [a, b] = before;
  for (let at = from; at < from + length; at += 8) {
    a = (a + view.getUint32(at, littleEndian) + b) >>> 0;
    b = (b + view.getUint32(at + 4, littleEndian) + a) >>> 0;
  }
  return [a, b];
}

function sums(view: DataView, at: number, [a, b]: Sums): boolean {
  return view.getUint32(at) === a && view.getUint32(at + 4) === b;
}

/** The pages that a log has, or had: it is written from its beginning again, and frames of an earlier round stay behind its end. */
export function pagesInWal(bytes: Uint8Array): ReadonlySet<number> {
  const pages = new Set<number>();
  if (bytes.length < HEADER) return pages;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frameBytes = FRAME_HEADER + view.getUint32(8);
  for (let at = HEADER; at + frameBytes <= bytes.length; at += frameBytes) pages.add(view.getUint32(at));
  return pages;
}
