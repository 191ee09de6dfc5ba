import { fstatSync, readSync, writeSync } from 'node:fs';
import { type Overflow, type PageShape, type Unused, useOfTreePage } from './unused-bytes.ts';

/** The database's file, all of whose content is in it: nothing is in the log, or in a cache. */
export interface Pages {
  readonly count: number;
  /** Writes zeros where the page, and the ends of long cells that begin in it, have bytes that stand for nothing. Answers with how many there were; `undefined` for a page that is not made as it should be. */
  overwrite(page: number): number | undefined;
  /** Whether it is the last page of a long cell, whose end only the page can tell in which the cell begins. */
  isEnd(page: number): boolean;
  isFree(page: number): boolean;
}

/** What the map of a file that can shrink says of a page. */
const MAP = { root: 1, free: 2, overflow: 3, laterOverflow: 4, tree: 5 } as const;
/** SQLite's lock lies in this byte, and nothing in the page around it. */
const LOCK_BYTE = 0x40000000;

/** `undefined` for a file without a map of its pages, which cannot be made smaller either. */
export function openPages(fd: number): Pages | undefined {
  const head = viewOf(fd, 0, 100);
  const pageSize = head.getUint16(16) === 1 ? 65_536 : head.getUint16(16);
  const shape: PageShape = { pageSize, usable: pageSize - head.getUint8(20) };
  if (head.getUint32(52) === 0) return undefined;
  const count = Math.min(head.getUint32(28), Math.floor(fstatSync(fd).size / pageSize));
  const perMap = Math.floor(shape.usable / 5) + 1;
  const zeros = Buffer.alloc(pageSize);
  const free = freeListOf(fd, head.getUint32(32), shape, count);
  const lockPage = Math.floor(LOCK_BYTE / pageSize) + 1;
  let map: { readonly page: number; readonly view: DataView } | undefined;

  const at = (page: number): number => (page - 1) * pageSize;
  const mapOf = (page: number): number => {
    const first = Math.floor((page - 2) / perMap) * perMap + 2;
    return first === lockPage ? first + 1 : first;
  };
  /** Of which kind, and for an overflow page which one leads to it. */
  const entryOf = (page: number): { readonly kind: number; readonly from: number } => {
    if (page === 1) return { kind: MAP.root, from: 0 };
    const own = mapOf(page);
    if (map?.page !== own) map = { page: own, view: viewOf(fd, at(own), pageSize) };
    const entry = (page - own - 1) * 5;
    return { kind: map.view.getUint8(entry), from: map.view.getUint32(entry + 1) };
  };
  const kindOf = (page: number): number => entryOf(page).kind;
  const clear = (page: number, bytes: Buffer, { from, to }: Unused): number => {
    if (to <= from || bytes.compare(zeros, 0, to - from, from, to) === 0) return 0;
    writeSync(fd, zeros, 0, to - from, at(page) + from);
    return to - from;
  };
  const read = (page: number): Buffer => bytesOf(fd, at(page), pageSize);

  /** The end of a long cell, in the last page of its chain. `undefined` where that is not made as the map says. */
  const clearEnd = (tree: number, { first, pages, used }: Overflow): number | undefined => {
    let [page, before] = [first, tree];
    for (let i = 1; ; i++) {
      if (!isPage(page) || isOther(page)) return undefined;
      const { kind, from } = entryOf(page);
      if (kind !== (i === 1 ? MAP.overflow : MAP.laterOverflow) || from !== before) return undefined;
      const next = viewOf(fd, at(page), 4).getUint32(0);
      if (i === pages) return next === 0 ? clear(page, read(page), { from: used, to: shape.usable }) : undefined;
      [page, before] = [next, page];
    }
  };
  const isPage = (page: number): boolean => page > 1 && page <= count;

  const isOther = (page: number): boolean => page !== 1 && (page === lockPage || page === mapOf(page));

  return {
    count,
    isEnd: (page) => !isOther(page) && isOverflow(kindOf(page)) && viewOf(fd, at(page), 4).getUint32(0) === 0,
    isFree: (page) => isPage(page) && !isOther(page) && kindOf(page) === MAP.free && free.has(page),
    overwrite(page) {
      if (isOther(page)) return 0;
      const kind = kindOf(page);
      if (isOverflow(kind)) return 0;
      const bytes = read(page);
      if (kind === MAP.free) return free.has(page) ? clear(page, bytes, { from: free.from(page), to: shape.usable }) : undefined;
      if (kind !== MAP.root && kind !== MAP.tree) return undefined;
      const use = useOfTreePage(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), page === 1 ? 100 : 0, shape);
      if (!use) return undefined;
      const ends = use.overflows.map((each) => clearEnd(page, each));
      if (ends.includes(undefined)) return undefined;
      return use.unused.reduce((sum, each) => sum + clear(page, bytes, each), 0) + ends.reduce((sum: number, each) => sum + (each ?? 0), 0);
    },
  };
}

function isOverflow(kind: number): boolean {
  return kind === MAP.overflow || kind === MAP.laterOverflow;
}

interface FreeList {
  has(page: number): boolean;
  /** From where on the page stands for nothing: behind its part of the list, where it holds some. */
  from(page: number): number;
}

function freeListOf(fd: number, first: number, { pageSize, usable }: PageShape, count: number): FreeList {
  const listed = new Uint8Array(count + 1);
  const trunks = new Map<number, number>();
  for (let page = first; page > 1 && page <= count && !trunks.has(page); ) {
    const view = viewOf(fd, (page - 1) * pageSize, pageSize);
    const end = 8 + view.getUint32(4) * 4;
    trunks.set(page, end);
    listed[page] = 1;
    // A number that is none of a page is not kept by such an array.
    for (let at = 8; at < Math.min(end, usable); at += 4) listed[view.getUint32(at)] = 1;
    page = view.getUint32(0);
  }
  return { has: (page) => listed[page] === 1, from: (page) => trunks.get(page) ?? 0 };
}

function bytesOf(fd: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  readSync(fd, bytes, 0, length, at);
  return bytes;
}

function viewOf(fd: number, at: number, length: number): DataView {
  const { buffer, byteOffset } = bytesOf(fd, at, length);
  return new DataView(buffer, byteOffset, length);
}
