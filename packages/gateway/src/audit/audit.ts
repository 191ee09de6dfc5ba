import { hash } from 'node:crypto';
import { OpenClawError } from '@openclaw-runtime/protocol';

/** What somebody did, or was kept from doing. */
export interface AuditEntry {
  readonly principal: { readonly tenant: string; readonly id: string };
  /** Where the request came from. */
  readonly address?: string;
  /** What it is, as in `key.create`, `run.approve`, `data.backup` or `refused.RATE_LIMITED`: words of ours, never a caller's. */
  readonly action: string;
  /** What it is done to: an id, a name or a path. */
  readonly target?: string;
  readonly decision: 'allowed' | 'refused';
  /** Why it was refused: an error word, or a rule's name. */
  readonly why?: string;
  /** Of what it was asked with ({@link argsHashOf}): neither prompts nor secrets are kept. */
  readonly argsHash?: string;
}

/** Where it is written down who did what. */
export interface Audit {
  /** Is written soon. Costs its caller nothing, and never throws: what a disk in trouble does not take is kept for a while, and counted when it is lost. */
  note(entry: AuditEntry): void;
  /** Durable when it resolves. Rejects with `STORE_FAILED` where it cannot be: then what it is about is not done. For what only operators may do. */
  ensure(entry: AuditEntry): Promise<void>;
}

/** Of a house without an audit log. */
export const NO_AUDIT: Audit = { note: () => undefined, ensure: async () => undefined };

/** Notes that somebody was kept from something. */
export function noteRefusal(audit: Pick<Audit, 'note'>, error: unknown, about: Pick<AuditEntry, 'principal' | 'address' | 'target'>): void {
  const { code } = OpenClawError.from(error);
  audit.note({ ...about, action: `refused.${code}`, decision: 'refused', why: code });
}

/** sha256 of the arguments as JSON, as 43 characters. */
export function argsHashOf(args: unknown): string {
  return hash('sha256', JSON.stringify(args) ?? '', 'base64url');
}
