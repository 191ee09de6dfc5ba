import type { AuditDisk } from './disk.ts';
import { macOf } from './record.ts';

/** Up to where the log was sealed: records after it are chained but may still be cut off unseen. */
export interface Head {
  readonly seq: number;
  /** Of the record `seq`; empty at 0. */
  readonly mac: string;
}

export const HEAD_FILE = 'head.json';

export async function readHead(disk: AuditDisk, key: Uint8Array): Promise<Head | 'missing' | 'changed'> {
  const bytes = await disk.read(HEAD_FILE);
  if (!bytes) return 'missing';
  try {
    const { seq, mac, seal } = JSON.parse(new TextDecoder().decode(bytes)) as Head & { readonly seal: string };
    return sealOf({ seq, mac }, key) === seal ? { seq, mac } : 'changed';
  } catch {
    return 'changed';
  }
}

export function writeHead(disk: AuditDisk, { seq, mac }: Head, key: Uint8Array): Promise<void> {
  return disk.replace(HEAD_FILE, `${JSON.stringify({ seq, mac, seal: sealOf({ seq, mac }, key) })}\n`);
}

function sealOf({ seq, mac }: Head, key: Uint8Array): string {
  return macOf(`head ${seq} ${mac}`, key);
}
