import type { AuditDisk } from './disk.ts';
import { type Line, linesOf, logFiles } from './files.ts';
import { type Head, readHead } from './head.ts';
import { type AuditRecord, parseLine } from './record.ts';

export interface AuditFault {
  /** The record that is wrong, or the first that is missing. */
  readonly seq: number;
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  readonly what: string;
}

export interface AuditReport {
  readonly records: number;
  readonly files: number;
  /** Records after the seal: they are chained, and sealed within a second where a server runs. */
  readonly unsealed: number;
  /** At most a hundred, in the order of the log. Empty: it is as it was written. */
  readonly faults: readonly AuditFault[];
}

const MOST_FAULTS = 100;

/** Reads the whole log and compares it with its seals. A server may write it meanwhile. */
export async function verifyAudit(disk: AuditDisk): Promise<AuditReport> {
  const key = await disk.findKey();
  // Before the records: a server that writes them seals them afterwards.
  const head = key && (await readHead(disk, key));
  const files = logFiles(await disk.names());
  if (!key) {
    const faults = files.length === 0 ? [] : [{ seq: 1, what: 'the key of the log is missing, so nothing can be compared' }];
    return { records: 0, files: files.length, unsealed: 0, faults };
  }
  const walk = createWalk(key, head);
  for (const file of files) {
    const bytes = await disk.read(file);
    if (bytes) linesOf(bytes).forEach((line, at) => walk.take(line, file, at + 1));
  }
  return { ...walk.end(), files: files.length };
}

function createWalk(key: Uint8Array, head: Head | 'missing' | 'changed' | undefined) {
  const faults: AuditFault[] = [];
  let records = 0;
  /** The record before, its seal where that can be relied on. */
  let last: { readonly seq: number; readonly mac: string | undefined } = { seq: 0, mac: '' };
  let atHead: string | undefined;

  const fault = (seq: number, what: string, file?: string, line?: number): void => {
    if (faults.length < MOST_FAULTS) faults.push({ seq, what, ...(file !== undefined && { file }), ...(line !== undefined && { line }) });
  };

  const follow = (record: AuditRecord, file: string, line: number): void => {
    const expected = last.seq + 1;
    if (record.seq > expected) {
      const span = record.seq - 1 === expected ? `record ${expected} is` : `records ${expected} to ${record.seq - 1} are`;
      fault(expected, `${span} missing`, file, line);
    } else if (record.seq < expected) fault(record.seq, `record ${record.seq} stands after record ${last.seq}`, file, line);
    else if (last.mac !== undefined && record.prev !== last.mac)
      fault(record.seq, `record ${record.seq} does not follow record ${last.seq}`, file, line);
    if (record.action === 'audit.damaged') fault(record.seq, `when the log was opened at ${record.time}, ${record.why}`, file, line);
    last = { seq: record.seq, mac: record.mac };
  };

  return {
    take(line: Line, file: string, at: number): void {
      const parsed = parseLine(line.text, key);
      if (!line.whole && (!parsed || typeof head !== 'object' || last.seq >= head.seq)) return;
      records++;
      if (parsed?.genuine) follow(parsed.record, file, at);
      else {
        fault(last.seq + 1, parsed ? `record ${last.seq + 1} was changed` : `record ${last.seq + 1} cannot be read`, file, at);
        last = { seq: last.seq + 1, mac: undefined };
      }
      if (typeof head === 'object' && last.seq === head.seq) atHead = parsed?.record.mac;
    },
    end(): Omit<AuditReport, 'files'> {
      if (typeof head !== 'object') {
        fault(last.seq + 1, head === 'changed' ? 'the seal was changed' : 'the seal is missing');
        return { records, unsealed: records, faults };
      }
      if (head.seq > last.seq) fault(last.seq + 1, `records ${last.seq + 1} to ${head.seq} are missing from the end`);
      else if (head.seq > 0 && atHead !== head.mac) fault(head.seq, `record ${head.seq} is not the one that was sealed`);
      return { records, unsealed: Math.max(last.seq - head.seq, 0), faults };
    },
  };
}
