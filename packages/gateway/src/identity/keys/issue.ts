import type { Clock, Random } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { HOUSE } from '../identity.ts';
import { type Principal, SCOPES, type Scope } from '../principal.ts';
import { infoOf, type KeyInfo, type KeyRow, overSince } from './key.ts';
import type { KeyRing } from './key-ring.ts';
import { makeKey } from './key-text.ts';

/** What a new key is to be. */
export interface KeyRequest {
  readonly name: string;
  readonly tenant?: string | undefined;
  readonly scopes?: readonly Scope[] | undefined;
  /** Milliseconds since 1970. */
  readonly expiresMs?: number | undefined;
}

export interface IssuedKey {
  readonly key: KeyInfo;
  /** The key itself: it is said once. */
  readonly text: string;
}

/** Makes keys, changes their secrets and takes them back. Nobody gets a key by it that can do more than who asks. */
export interface Issuer {
  /** Those of the principal's tenant; of all tenants for the house's own. */
  list(by: Principal): readonly KeyInfo[];
  /** Rejects with `FORBIDDEN` where it would be wider than who asks. */
  create(by: Principal, asked: KeyRequest): Promise<IssuedKey>;
  /** The secret before is taken for `graceMs` more. Rejects like `create`, and with `NOT_FOUND`. */
  rotate(by: Principal, id: string, graceMs: number): Promise<IssuedKey>;
  /** At once, and for good. Rejects with `NOT_FOUND`. */
  revoke(by: Principal, id: string): Promise<KeyInfo>;
}

/** Keys that open something: of the whole house, and of each tenant but its own. */
const MOST_KEYS = 5_000;
const MOST_OF_TENANT = 500;
const DEFAULT_SCOPES: readonly Scope[] = ['read', 'run'];

export function createIssuer(ring: KeyRing, clock: Clock, random: Random): Issuer {
  return {
    list: (by) =>
      ring
        .rows()
        .filter((row) => mayKnow(by, row))
        .map(infoOf),
    create(by, { name, tenant = by.tenant, scopes = DEFAULT_SCOPES.filter((scope) => by.scopes.has(scope)), expiresMs }) {
      const made = makeKey(random);
      return ring.change((rows) => {
        checkRoom(rows, tenant, clock.wall());
        const row: KeyRow = {
          id: made.id,
          name,
          tenant,
          scopes: SCOPES.filter((scope) => scopes.includes(scope)),
          createdMs: clock.wall(),
          by: by.id,
          ...(expiresMs !== undefined && { expiresMs }),
          hash: made.hash,
        };
        if (row.scopes.length === 0) throw new OpenClawError('BAD_REQUEST', `scopes: say which, of ${[...by.scopes].join(', ')}.`);
        checkNarrower(by, row);
        rows.push(row);
        return { key: infoOf(row), text: made.text };
      });
    },
    rotate(by, id, graceMs) {
      const made = makeKey(random, id);
      return ring.change((rows) => {
        const { at, row } = find(rows, by, id);
        checkNarrower(by, row);
        const { oldHash: _old, graceUntilMs: _until, ...kept } = row;
        const grace = graceMs > 0 ? { oldHash: row.hash, graceUntilMs: clock.wall() + graceMs } : {};
        const changed: KeyRow = { ...kept, ...grace, hash: made.hash };
        rows[at] = changed;
        return { key: infoOf(changed), text: made.text };
      });
    },
    revoke: (by, id) =>
      ring.change((rows) => {
        const { at, row } = find(rows, by, id);
        const { oldHash: _old, graceUntilMs: _until, ...kept } = row;
        const revoked: KeyRow = { ...kept, revokedMs: clock.wall(), hash: '' };
        rows[at] = revoked;
        return infoOf(revoked);
      }),
  };
}

function checkRoom(rows: readonly KeyRow[], tenant: string, wallMs: number): void {
  const good = rows.filter((row) => overSince(row) > wallMs);
  const own = tenant === HOUSE ? 0 : good.filter((row) => row.tenant === tenant).length;
  if (good.length < MOST_KEYS && own < MOST_OF_TENANT) return;
  const which = good.length < MOST_KEYS ? `${MOST_OF_TENANT} keys of the tenant ${tenant}` : `${MOST_KEYS} keys`;
  throw new OpenClawError('RATE_LIMITED', `There are ${which}. Revoke some.`);
}

/** Of a key of another tenant nobody is told that there is one. */
function find(rows: readonly KeyRow[], by: Principal, id: string): { readonly at: number; readonly row: KeyRow } {
  const at = rows.findIndex((each) => each.id === id && each.revokedMs === undefined);
  const row = rows[at];
  if (!row || !mayKnow(by, row)) throw new OpenClawError('NOT_FOUND', `There is no key ${id}. List them: claw keys list.`);
  return { at, row };
}

function mayKnow({ tenant }: Principal, row: KeyRow): boolean {
  return tenant === HOUSE || tenant === row.tenant;
}

/** A key gives nobody more than he has: neither scopes, nor a tenant, nor time. */
function checkNarrower(by: Principal, row: KeyRow): void {
  const wider = row.scopes.filter((scope) => !by.scopes.has(scope));
  if (wider.length > 0)
    throw new OpenClawError(
      'FORBIDDEN',
      `A key has no scope that its maker lacks: ${wider.join(', ')}. Leave it out, or ask somebody who has it.`,
    );
  if (!mayKnow(by, row)) throw new OpenClawError('FORBIDDEN', `Only the house makes keys of other tenants than its maker's, ${by.tenant}.`);
  if (by.expiresAt !== undefined && (row.expiresMs ?? Number.POSITIVE_INFINITY) > by.expiresAt)
    throw new OpenClawError('FORBIDDEN', 'A key does not outlive what it was made with. Give it an end before that.');
}
