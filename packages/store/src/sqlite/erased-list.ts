import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Erasure } from '../contract/store.ts';
import type { Meta } from './meta.ts';
import { syncFolder } from './sync-folder.ts';

/**
 * What was ever asked to be erased, in a file beside the database: ids, and nothing of what they stood for. The database knows how far it has come with it. So what a death interrupted goes on, and what an
 * older copy of the database brings back goes again when that is opened; a restore leaves the file where it is.
 */
export interface ErasedList {
  /** On the disk when it returns; one that is pending stands for the same. Answers with its number. */
  add(erasure: Erasure, at: number): number;
  /** Those of which not all is deleted. */
  pending(): readonly ListedErasure[];
  /** Whether all is deleted of some that were not overwritten. */
  isDeleted(): boolean;
  /** All of it is, in the transaction that deletes the last: what comes in the same place from now on is not meant. */
  deleted(n: number): void;
  /** What was deleted until now is overwritten. */
  overwritten(): void;
}

export interface ListedErasure extends Erasure {
  /** From 1. */
  readonly n: number;
  /** When it was asked for, milliseconds since 1970. */
  readonly at: number;
}

export function erasedListOf(database: string): string {
  return database.replace(/\.db$/, '.erased');
}

export function createErasedList(database: string, meta: Meta): ErasedList {
  const path = erasedListOf(database);
  const read = (): readonly ListedErasure[] => textOf(path).split('\n').flatMap(parse);
  const done = (): number => Number(meta.get('erased') ?? 0);
  const deleted = (): readonly number[] => JSON.parse(String(meta.get('deleted') ?? '[]')) as number[];
  const pending = (): readonly ListedErasure[] => {
    const [upTo, gone] = [done(), deleted()];
    return read().filter(({ n }) => n > upTo && !gone.includes(n));
  };
  return {
    add({ tenant, run }, at) {
      const known = pending().find((each) => each.tenant === tenant && each.run === run);
      if (known) return known.n;
      // It may have come further than the file, which is not there after a restore into a new folder.
      const n = Math.max(done(), ...deleted(), ...read().map((each) => each.n)) + 1;
      const json = JSON.stringify({ n, at, tenant, ...(run !== undefined && { run }) } satisfies ListedErasure);
      append(path, `${json}\t${crc32(json)}\n`);
      return n;
    },
    pending,
    isDeleted: () => deleted().length > 0,
    deleted: (n) => meta.put('deleted', JSON.stringify([...deleted(), n])),
    overwritten() {
      const gone = deleted();
      const upTo = Math.min(Math.max(done(), ...gone), ...pending().map(({ n }) => n - 1));
      meta.put('erased', upTo);
      meta.put('deleted', JSON.stringify(gone.filter((n) => n > upTo)));
    },
  };
}

/** A line that was torn was never answered. */
function parse(line: string): readonly ListedErasure[] {
  const [json = '', crc] = line.split('\t');
  return String(crc32(json)) === crc ? [JSON.parse(json) as ListedErasure] : [];
}

/** None where there is no such file. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function append(path: string, line: string): void {
  const isTorn = !/(^|\n)$/.test(textOf(path));
  const file = openSync(path, 'a', 0o600);
  try {
    writeSync(file, isTorn ? `\n${line}` : line);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  syncFolder(dirname(path));
}
