import { OpenClawError } from '@openclaw-runtime/protocol';
import { type Principal, SCOPES } from './principal.ts';

/** From where somebody asks, as far as the server knows by itself. */
export interface From {
  /** Of the peer, or what a proxy that is trusted says of it. */
  readonly address: string;
  /** Of the page that asks; absent: none does. */
  readonly origin?: string | undefined;
  /** Tickets are for sockets only: a page has nothing else to come in with there. */
  readonly way: 'http' | 'socket';
}

/** Finds out who asks. */
export interface Identity {
  /** Whose token that is. Throws or rejects with `UNAUTHENTICATED`, and with `RATE_LIMITED` for who guesses. At once where it was seen before. */
  identify(token: string | undefined, from: From): Principal | Promise<Principal>;
  /** The same one as it is now, with the scopes that it has now; `undefined` when it was revoked or has expired. */
  still(principal: Principal): Principal | undefined;
}

/** The tenant of a house that has no other, and that of those who run the house. */
export const HOUSE = 'default';

/** Who says nothing to a server that asks for nothing. */
export const ANONYMOUS: Principal = { tenant: HOUSE, id: 'anonymous', scopes: new Set(SCOPES) };
/** Who says nothing to a server that has keys and lets him in all the same. */
export const GUEST: Principal = { tenant: HOUSE, id: 'anonymous', scopes: new Set(['read', 'run', 'approve'] as const) };

/** Of a server that only its own machine reaches and that asks for nothing. */
export const OPEN: Identity = { identify: () => ANONYMOUS, still: (principal) => principal };

const TENANT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export function isTenant(thing: unknown): thing is string {
  return typeof thing === 'string' && TENANT.test(thing);
}

/** It stands in names of folders and of runs, and what begins with a `_` is the house's. Throws `BAD_REQUEST`. */
export function parseTenant(thing: unknown): string {
  if (isTenant(thing)) return thing;
  throw new OpenClawError('BAD_REQUEST', 'tenant: 1 to 64 letters, digits, dots, dashes or underscores; the first is a letter or digit.');
}
