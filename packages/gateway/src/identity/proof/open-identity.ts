import type { Clock, Random } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Store } from '@openclaw-runtime/store';
import { ANONYMOUS, type From, GUEST, HOUSE, type Identity } from '../identity.ts';
import { claimedSubject, createJwtVerifier, isSigned, type JwtOptions, looksLikeJwt } from '../jwt/verifier.ts';
import { createIssuer, type Issuer } from '../keys/issue.ts';
import { isGood, NO_KEY, principalOf } from '../keys/key.ts';
import { openKeyRing } from '../keys/key-ring.ts';
import { hashOf, keyIdOf, sameHash } from '../keys/key-text.ts';
import { type Principal, SCOPES } from '../principal.ts';
import { createGuesses } from './guesses.ts';
import { createServerToken } from './server-token.ts';
import { createTickets, looksLikeTicket, type Tickets } from './tickets.ts';
import { createVerified } from './verified.ts';

/** What of it can be said in a configuration. */
export interface AuthOptions {
  /** Whether those are let in who say nothing: absent, until the first key is made, where there is neither a token nor a JWT issuer. */
  readonly anonymous?: boolean;
  readonly jwt?: JwtOptions;
}

export interface IdentityOptions {
  readonly store: Pick<Store, 'state'>;
  readonly clock: Clock;
  readonly random: Random;
  /** One token for everything. */
  readonly token?: () => string;
  /** That of the commands of this machine. */
  readonly localKey?: string;
  readonly auth?: AuthOptions;
}

/** Everything by which somebody may be known here. */
export interface Doorkeeper extends Identity {
  readonly keys: Issuer;
  readonly tickets: Tickets;
  /** Whether whoever says nothing is let in. */
  readonly takesAnybody: boolean;
  /** Every second. */
  tick(): void;
}

const TOKEN: Principal = { tenant: HOUSE, id: 'token', scopes: new Set(SCOPES) };
const LOCAL: Principal = { tenant: HOUSE, id: 'local', scopes: new Set(SCOPES) };

/** Whoever they claim to be of: to look at a signature costs more than anything else here. */
const ANY_JWT = 'jwt';
/** In ten minutes, from one address. */
const MOST_JWTS = 300;

/** Reads the keys. Rejects with `DATA_FORMAT` for those of a newer version. */
export async function openIdentity({ store, clock, random, token: readToken, localKey, auth = {} }: IdentityOptions): Promise<Doorkeeper> {
  const ring = await openKeyRing(store.state, clock);
  const guesses = createGuesses(clock);
  const tickets = createTickets(clock, random);
  const verified = createVerified();
  const token = readToken && createServerToken(readToken, clock);
  const jwt = auth.jwt && createJwtVerifier(auth.jwt, store.state, clock);
  const localHash = localKey === undefined ? '' : hashOf(localKey);

  const isOpen = (): boolean => !token && !jwt && !ring.inUse && auth.anonymous !== false;
  const anybody = (): Principal | undefined => (isOpen() ? ANONYMOUS : auth.anonymous ? GUEST : undefined);

  const fail = (from: From, name: string, why: string): OpenClawError => {
    guesses.failed(from.address, name);
    return new OpenClawError('UNAUTHENTICATED', why);
  };
  const know = (from: From, name: string, hash: string, principal: Principal, isStill: () => boolean, used?: () => void): Principal => {
    guesses.succeeded(from.address, name);
    verified.add(hash, { principal, name, isStill, ...(used && { used }) }, from.address);
    used?.();
    return principal;
  };

  const byKey = (given: string, hash: string, from: From): Principal => {
    const id = keyIdOf(given) ?? '';
    const name = `key:${id}`;
    guesses.check(from.address, name);
    const row = ring.find(id) ?? NO_KEY;
    if (!isGood(row, hash, clock.wall())) throw fail(from, name, 'The key is none of this server’s, was revoked, or has expired.');
    const isStill = (): boolean => isGood(ring.find(id) ?? NO_KEY, hash, clock.wall());
    return know(from, name, hash, principalOf(row), isStill, () => ring.used(id));
  };
  const byJwt = async (given: string, hash: string, from: From, { verify }: NonNullable<typeof jwt>): Promise<Principal> => {
    const name = `jwt:${claimedSubject(given)}`;
    guesses.check(from.address, name);
    guesses.check(from.address, ANY_JWT);
    try {
      const { principal, isStill } = await verify(given);
      return know(from, name, hash, principal, isStill);
    } catch (error) {
      const refusal = OpenClawError.from(error);
      // That the issuer is away is nobody's guess.
      if (refusal.retryAfterMs !== undefined) throw error;
      guesses.failed(from.address, ANY_JWT, MOST_JWTS);
      throw isSigned(refusal) ? refusal : fail(from, name, refusal.message);
    }
  };
  const byToken = (hash: string, from: From): Principal => {
    guesses.check(from.address, 'token');
    if (!token?.is(hash)) throw fail(from, 'token', 'The token is not the server’s.');
    return know(from, 'token', hash, { ...TOKEN }, () => token.hash === hash);
  };

  const byTicket = (given: string, from: From): Principal => {
    guesses.check(from.address, 'ticket');
    const principal = tickets.redeem(given, from.origin);
    if (principal && still(principal)) return principal;
    throw fail(from, 'ticket', 'The ticket was used, is too old, or is for pages of another origin. Get another.');
  };
  const bySomethingNew = (given: string, hash: string, from: From): Principal | Promise<Principal> => {
    if (from.way === 'socket' && looksLikeTicket(given)) return byTicket(given, from);
    if (token?.is(hash)) return byToken(hash, from);
    if (given.startsWith('claw_')) return byKey(given, hash, from);
    if (jwt && looksLikeJwt(given)) return verified.once(hash, () => byJwt(given, hash, from, jwt));
    return byToken(hash, from);
  };

  const still = (principal: Principal): Principal | undefined => {
    if (principal === LOCAL) return principal;
    if (principal === ANONYMOUS || principal === GUEST) return anybody() === principal ? principal : undefined;
    return verified.isStill(principal) ? principal : undefined;
  };

  return {
    keys: createIssuer(ring, clock, random),
    tickets,
    get takesAnybody() {
      return anybody() !== undefined;
    },
    identify(given, from) {
      if (given === undefined) {
        const principal = anybody();
        if (principal) return principal;
        throw new OpenClawError('UNAUTHENTICATED', 'This server asks for a key or a token and none was given.');
      }
      const hash = hashOf(given);
      if (localHash !== '' && sameHash(hash, localHash)) return LOCAL;
      if (isOpen()) return ANONYMOUS;
      // It is nobody's guess either.
      if (given === '') throw new OpenClawError('UNAUTHENTICATED', 'What was given is no key and no token.');
      const seen = verified.find(hash);
      if (!seen) return bySomethingNew(given, hash, from);
      // Who was let in from there before is not held up by others who guess there.
      if (!seen.addresses.has(from.address)) guesses.check(from.address, seen.name);
      verified.from(seen, from.address);
      seen.used?.();
      return seen.principal;
    },
    still,
    tick() {
      ring.tick();
      jwt?.tick();
    },
  };
}
