import type { IncomingMessage, ServerResponse } from 'node:http';
import { LIMITS, OpenClawError } from '@openclaw-runtime/protocol';
import { parseTenant } from '../identity/identity.ts';
import type { Issuer, KeyRequest } from '../identity/keys/issue.ts';
import { type Principal, SCOPES, type Scope } from '../identity/principal.ts';
import { readJson } from './body.ts';
import { respondJson } from './respond.ts';

const MOST_GRACE_MS = 30 * 24 * 3_600_000;

/** `GET /v1/keys`: `{keys: […]}`, without their secrets, which nobody has. */
export function listKeys(keys: Issuer, by: Principal, response: ServerResponse): void {
  respondJson(response, 200, { keys: keys.list(by) });
}

/** `POST /v1/keys` `{name, scopes?, tenant?, expiresMs?}`: `{key, text}`. */
export async function postKey(
  keys: Issuer,
  by: Principal,
  wallMs: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  respondJson(response, 201, await keys.create(by, parseKeyRequest(await readJson(request), wallMs)));
}

/** `POST /v1/keys/{id}/rotate` `{graceMs?}`: `{key, text}`. Without a grace the secret before opens nothing from now on. */
export async function rotateKey(
  keys: Issuer,
  by: Principal,
  id: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { graceMs = 0 } = fieldsOf(await readJson(request), ['graceMs']);
  if (typeof graceMs !== 'number' || !(graceMs >= 0 && graceMs <= MOST_GRACE_MS))
    throw new OpenClawError('BAD_REQUEST', `graceMs: milliseconds from 0 to ${MOST_GRACE_MS}.`);
  respondJson(response, 200, await keys.rotate(by, id, graceMs));
}

/** `POST /v1/keys/{id}/revoke`: `{key}`. */
export async function revokeKey(keys: Issuer, by: Principal, id: string, response: ServerResponse): Promise<void> {
  respondJson(response, 200, { key: await keys.revoke(by, id) });
}

function parseKeyRequest(body: unknown, wallMs: number): KeyRequest {
  const { name, scopes, tenant, expiresMs } = fieldsOf(body, ['name', 'scopes', 'tenant', 'expiresMs']);
  if (typeof name !== 'string' || name === '' || name.length > LIMITS.maxNameLength)
    throw new OpenClawError('BAD_REQUEST', `name: 1 to ${LIMITS.maxNameLength} characters that say whose key it is.`);
  if (scopes !== undefined && !(Array.isArray(scopes) && scopes.length > 0 && scopes.every(isScope)))
    throw new OpenClawError('BAD_REQUEST', `scopes: a list of ${SCOPES.join(', ')}.`);
  if (expiresMs !== undefined && !(Number.isSafeInteger(expiresMs) && (expiresMs as number) > wallMs))
    throw new OpenClawError('BAD_REQUEST', 'expiresMs: milliseconds since 1970, in the future.');
  return {
    name,
    scopes: scopes as readonly Scope[] | undefined,
    tenant: tenant === undefined ? undefined : parseTenant(tenant),
    expiresMs: expiresMs as number | undefined,
  };
}

/** Throws `BAD_REQUEST` for what is no object, and for a field that nobody knows: it might be meant to narrow something. */
function fieldsOf<T extends string>(body: unknown, known: readonly T[]): Partial<Record<T, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new OpenClawError('BAD_REQUEST', 'The body is a JSON object.');
  const unknown = Object.keys(body).find((name) => !(known as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new OpenClawError('BAD_REQUEST', `${JSON.stringify(unknown.slice(0, 40))}: is none of ${known.join(', ')}.`);
  return body as Partial<Record<T, unknown>>;
}

function isScope(thing: unknown): thing is Scope {
  return (SCOPES as readonly unknown[]).includes(thing);
}
