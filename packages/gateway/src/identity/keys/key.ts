import type { Principal, Scope } from '../principal.ts';
import { sameHash } from './key-text.ts';

/** What is known of a key, and may be shown. Times are milliseconds since 1970. */
export interface KeyInfo {
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  readonly scopes: readonly Scope[];
  readonly createdMs: number;
  /** Who made it. */
  readonly by: string;
  readonly expiresMs?: number;
  /** To about a minute. */
  readonly lastUsedMs?: number;
  readonly revokedMs?: number;
  /** Until when the secret before the last rotation is taken as well. */
  readonly graceUntilMs?: number;
}

/** What is kept of it. */
export interface KeyRow extends KeyInfo {
  /** Of its secret. */
  readonly hash: string;
  /** Of the one before, until `graceUntilMs`. */
  readonly oldHash?: string;
}

export function infoOf({ hash: _hash, oldHash: _old, ...info }: KeyRow): KeyInfo {
  return info;
}

/** Whether a secret opens it at this time. */
export function isGood(row: KeyRow, hash: string, wallMs: number): boolean {
  const isOurs = sameHash(hash, row.hash) || (sameHash(hash, row.oldHash ?? '') && (row.graceUntilMs ?? 0) > wallMs);
  return isOurs && row.revokedMs === undefined && (row.expiresMs ?? Number.POSITIVE_INFINITY) > wallMs;
}

/** When it was revoked or expired, or will. */
export function overSince({ revokedMs = Number.POSITIVE_INFINITY, expiresMs = Number.POSITIVE_INFINITY }: KeyInfo): number {
  return Math.min(revokedMs, expiresMs);
}

export function principalOf({ id, tenant, scopes, expiresMs }: KeyRow): Principal {
  return { tenant, id: `key:${id}`, scopes: new Set(scopes), ...(expiresMs !== undefined && { expiresAt: expiresMs }) };
}

/** What is held up against a secret where there is no such key. */
export const NO_KEY: KeyRow = { id: '', name: '', tenant: '', scopes: [], createdMs: 0, by: '', revokedMs: 0, hash: '-'.repeat(43) };
