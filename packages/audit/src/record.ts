import { createHmac } from 'node:crypto';

/** What is to be written down. */
export interface AuditEvent {
  readonly principal: { readonly tenant: string; readonly id: string };
  /** Where the request came from. */
  readonly address?: string;
  readonly action: string;
  readonly target?: string;
  readonly decision: 'allowed' | 'refused';
  readonly why?: string;
  /** sha256 of the arguments. */
  readonly argsHash?: string;
}

/** One line of the log. */
export interface AuditRecord {
  /** From 1, without a gap. */
  readonly seq: number;
  /** As ISO 8601, in UTC. */
  readonly time: string;
  readonly tenant: string;
  readonly principal: string;
  readonly address?: string;
  readonly action: string;
  readonly target?: string;
  readonly decision: 'allowed' | 'refused';
  readonly why?: string;
  /** How many of this kind came within a second after one that has a record of its own. */
  readonly times?: number;
  /** Of the rules that decided. */
  readonly policy: string;
  readonly args?: string;
  /** The `mac` of the record before; empty at the first. */
  readonly prev: string;
  /** HMAC-SHA256 of the line up to here, with the log's key. */
  readonly mac: string;
}

/** Ids of ours are shorter; what callers make up is cut, so that a record has a size. */
const MOST_CHARS = 256;

export type Unsealed = Omit<AuditRecord, 'seq' | 'prev' | 'mac'>;

export function unsealed(event: AuditEvent, time: string, policy: string, times?: number): Unsealed {
  const { principal, address, action, target, decision, why, argsHash } = event;
  return {
    time,
    tenant: cut(principal.tenant),
    principal: cut(principal.id),
    ...(address !== undefined && { address: cut(address) }),
    action: cut(action),
    ...(target !== undefined && { target: cut(target) }),
    decision,
    ...(why !== undefined && { why: cut(why) }),
    ...(times !== undefined && { times }),
    policy,
    ...(argsHash !== undefined && { args: cut(argsHash) }),
  };
}

/** The record's line with its end, and its seal. */
export function seal(record: Unsealed, seq: number, prev: string, key: Uint8Array): { readonly line: string; readonly mac: string } {
  const body = JSON.stringify({ seq, ...record, prev }).slice(0, -1);
  const mac = macOf(body, key);
  return { line: `${body},"mac":"${mac}"}\n`, mac };
}

/** A line without its end; `undefined` where it is no record, `genuine` only where the key's owner wrote it. */
export function parseLine(line: string, key: Uint8Array): { readonly record: AuditRecord; readonly genuine: boolean } | undefined {
  const record = recordOf(line);
  if (!record) return undefined;
  const tail = `,"mac":"${record.mac}"}`;
  return { record, genuine: line.endsWith(tail) && macOf(line.slice(0, -tail.length), key) === record.mac };
}

export function recordOf(line: string): AuditRecord | undefined {
  try {
    const record = JSON.parse(line) as Partial<AuditRecord> | null;
    const whole = Number.isSafeInteger(record?.seq) && typeof record?.mac === 'string' && typeof record.prev === 'string';
    return whole ? (record as AuditRecord) : undefined;
  } catch {
    return undefined;
  }
}

export function macOf(text: string, key: Uint8Array): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}

function cut(text: string): string {
  return text.length <= MOST_CHARS ? text : `${text.slice(0, MOST_CHARS - 1)}…`;
}
