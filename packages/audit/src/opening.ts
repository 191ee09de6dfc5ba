import type { AuditDisk } from './disk.ts';
import { fileOf, linesOf, logFiles, wholeBytes } from './files.ts';
import { readHead } from './head.ts';
import { parseLine } from './record.ts';

/** Where a log goes on. */
export interface Opening {
  readonly key: Uint8Array;
  /** Of the last record, and its seal. */
  readonly seq: number;
  readonly mac: string;
  readonly file: string;
  /** Bytes of the file that stay. */
  readonly at: number;
  /** What is not as it was left; a record says so for ever. */
  readonly damage?: string;
  /** A killed server left a part of a record, which is cut off. */
  readonly torn: boolean;
}

/** Finds the end of the log, and what is missing there. */
export async function findEnd(disk: AuditDisk, make: () => Uint8Array): Promise<Opening> {
  const { key, fresh } = await disk.key(make);
  const files = logFiles(await disk.names());
  const last = await lastOf(disk, files, key);
  const head = await readHead(disk, key);
  const { torn, file, at } = last;
  const on = { key, torn, file, at };
  if (head === 'missing' || head === 'changed') {
    const untouched = fresh && files.length === 0;
    const damage = fresh && files.length > 0 ? 'the key was missing' : `the seal was ${head}`;
    return { ...on, seq: last.seq, mac: last.mac, ...(!untouched && { damage }) };
  }
  if (head.seq > last.seq) {
    const damage = `records ${last.seq + 1} to ${head.seq} were missing`;
    return { ...on, seq: head.seq, mac: head.mac, file: last.seq === 0 ? fileOf(head.seq + 1) : file, damage };
  }
  const { seq, mac } = last;
  return { ...on, seq, mac, ...(!last.genuine && { damage: `record ${seq} was changed` }) };
}

interface Last extends Pick<Opening, 'seq' | 'mac' | 'file' | 'at' | 'torn'> {
  readonly genuine: boolean;
}

async function lastOf(disk: AuditDisk, files: readonly string[], key: Uint8Array): Promise<Last> {
  let torn = false;
  let open: { readonly file: string; readonly at: number } | undefined;
  for (const file of files.toReversed()) {
    const bytes = (await disk.read(file)) ?? new Uint8Array();
    const at = wholeBytes(bytes);
    torn ||= at < bytes.length;
    open ??= { file, at };
    const line = linesOf(bytes.subarray(0, at)).at(-1);
    if (!line) continue;
    const parsed = parseLine(line.text, key);
    const seq = parsed?.record.seq ?? Number.parseInt(file, 10);
    return { ...open, seq, mac: parsed?.record.mac ?? '', genuine: parsed?.genuine ?? false, torn };
  }
  return { file: fileOf(1), at: 0, ...open, seq: 0, mac: '', genuine: true, torn };
}
