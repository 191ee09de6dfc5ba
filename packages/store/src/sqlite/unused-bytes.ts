/**
 * Where a page of a database has bytes that stand for nothing: what was deleted, or moved elsewhere, lies there until the place is used again. SQLite has no way to overwrite all of it in a file that is in use.
 * https://www.sqlite.org/fileformat2.html says how pages are made; at most three bytes in a row, between cells, are not found by this. A page is believed when all of its bytes are accounted for, as SQLite's own check
 * does it: so a byte of it that was changed makes nobody's cell look unused.
 */
export interface Unused {
  readonly from: number;
  readonly to: number;
}

/** The rest of a long cell: a chain of pages, of whose last so many bytes are used. */
export interface Overflow {
  readonly first: number;
  readonly pages: number;
  readonly used: number;
}

export interface PageUse {
  readonly unused: readonly Unused[];
  readonly overflows: readonly Overflow[];
}

/** How the file divides its pages. */
export interface PageShape {
  readonly pageSize: number;
  /** Of each page. */
  readonly usable: number;
}

const [INDEX, TABLE, INDEX_LEAF, TABLE_LEAF] = [2, 5, 10, 13];

/** Of a page of a tree; `start` is 100 on the first one. `undefined` for one that is not made as it should be: nothing of it is touched. */
export function useOfTreePage(page: DataView, start: number, { usable }: PageShape): PageUse | undefined {
  const kind = page.getUint8(start);
  if (![INDEX, TABLE, INDEX_LEAF, TABLE_LEAF].includes(kind)) return undefined;
  const isLeaf = kind === INDEX_LEAF || kind === TABLE_LEAF;
  const cells = page.getUint16(start + 3);
  const list = start + (isLeaf ? 8 : 12);
  const free = list + cells * 2;
  const content = page.getUint16(start + 5) || 65_536;
  if (free > content || content > usable) return undefined;
  const unused: Unused[] = [{ from: free, to: content }];
  const overflows: Overflow[] = [];
  let known = content + page.getUint8(start + 7);
  for (let at = page.getUint16(start + 1), before = 0; at !== 0; before = at, at = page.getUint16(at)) {
    if (at <= before || at < content || at + 4 > usable) return undefined;
    const to = at + page.getUint16(at + 2);
    if (to > usable) return undefined;
    unused.push({ from: at + 4, to });
    known += to - at;
  }
  for (let i = 0; i < cells; i++) {
    const at = page.getUint16(list + i * 2);
    if (at < content || at + 4 > usable) return undefined;
    const { bytes, overflow } = cellAt(page, at, kind, usable);
    if (at + bytes > usable || unused.some(({ from, to }) => at < to && from < at + bytes)) return undefined;
    known += bytes;
    if (overflow) overflows.push(overflow);
  }
  return known === usable ? { unused, overflows } : undefined;
}

function cellAt(page: DataView, cell: number, kind: number, usable: number): { readonly bytes: number; readonly overflow?: Overflow } {
  const isInner = kind === INDEX || kind === TABLE;
  const size = varint(page, isInner ? cell + 4 : cell);
  if (kind === TABLE) return { bytes: size.end - cell };
  const at = kind === TABLE_LEAF ? varint(page, size.end).end : size.end;
  const most = kind === TABLE_LEAF ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  if (size.value <= most) return { bytes: Math.max(4, at + size.value - cell) };
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const room = usable - 4;
  const some = least + ((size.value - least) % room);
  const local = some <= most ? some : least;
  const end = at + local;
  if (end + 4 > usable) return { bytes: Number.POSITIVE_INFINITY };
  const rest = size.value - local;
  const pages = Math.ceil(rest / room);
  return { bytes: end + 4 - cell, overflow: { first: page.getUint32(end), pages, used: 4 + rest - (pages - 1) * room } };
}

/** Zeros follow the page. */
function varint(page: DataView, from: number): { readonly value: number; readonly end: number } {
  const byteAt = (at: number): number => (at < page.byteLength ? page.getUint8(at) : 0);
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = byteAt(from + i);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, end: from + i + 1 };
  }
  return { value: value * 256 + byteAt(from + 8), end: from + 9 };
}
