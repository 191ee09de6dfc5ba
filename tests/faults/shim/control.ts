import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';

/** What the shim is to do, by slot of 4 bytes; as in shim.c. */
const SLOTS = {
  /** n > 0: the n-th sync fails, once; -1: each fails. */
  syncMode: 0,
  /** Syncs that `syncMode` leaves alone first. */
  syncSkip: 14,
  syncMinMs: 1,
  syncMaxMs: 2,
  writeErrno: 3,
  /** How many fail; -1: all. */
  writeCount: 4,
  /** 1 the database, 2 its write-ahead log, 4 other files; added up. */
  writeWhere: 5,
  acceptErrno: 6,
  acceptCount: 7,
  openErrno: 8,
  openCount: 9,
  mmapErrno: 10,
  mmapCount: 11,
  socketErrno: 12,
  socketCount: 13,
} as const;

const COUNTERS = {
  syncs: 16,
  syncsFailed: 17,
  writesFailed: 18,
  acceptsFailed: 19,
  opensFailed: 20,
  mmapsFailed: 21,
  socketsFailed: 22,
} as const;

const BYTES = 128;

export type Order = { readonly [K in keyof typeof SLOTS]?: number };

/** The numbers of one process under the shim. It sees a change at once. */
export interface Control extends Disposable {
  readonly path: string;
  order(order: Order): void;
  /** Nothing fails or lingers from here on. */
  relent(): void;
  counted(what: keyof typeof COUNTERS): number;
}

export function openControl(path: string): Control {
  writeFileSync(path, Buffer.alloc(BYTES));
  const file = openSync(path, 'r+');
  const order = (given: Order): void => {
    for (const [name, value] of Object.entries(given)) {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(value);
      writeSync(file, bytes, 0, 4, SLOTS[name as keyof typeof SLOTS] * 4);
    }
  };
  return {
    path,
    order,
    relent: () => order(Object.fromEntries(Object.keys(SLOTS).map((name) => [name, 0]))),
    counted(what) {
      const bytes = Buffer.alloc(4);
      readSync(file, bytes, 0, 4, COUNTERS[what] * 4);
      return bytes.readInt32LE(0);
    },
    [Symbol.dispose]: () => closeSync(file),
  };
}

export function errno(name: 'EIO' | 'ENOSPC' | 'EMFILE' | 'ENFILE' | 'EAGAIN' | 'ENOMEM' | 'ECONNABORTED'): number {
  return constants.errno[name];
}
