import type { AuditDisk } from './disk.ts';
import { linesOf, logFiles } from './files.ts';
import { type AuditRecord, recordOf } from './record.ts';

/** The last records, at most `most`, of those after `after`; in their order. What cannot be read is left out: verifying is for that. */
export async function readRecords(disk: AuditDisk, after: number, most: number): Promise<readonly AuditRecord[]> {
  const found: AuditRecord[] = [];
  for (const file of logFiles(await disk.names()).toReversed()) {
    const lines = linesOf((await disk.read(file)) ?? new Uint8Array());
    for (const { text, whole } of lines.toReversed()) {
      const record = whole ? recordOf(text) : undefined;
      if (!record) continue;
      if (record.seq <= after || found.length >= most) return found.toReversed();
      found.push(record);
    }
  }
  return found.toReversed();
}
