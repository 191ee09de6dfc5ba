import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { State } from '@openclaw-runtime/store';
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify, type ProtectedHeaderParameters } from 'jose';
import { HOUSE, isTenant } from '../identity.ts';
import { type Principal, SCOPES } from '../principal.ts';
import { createKeySet } from './key-set.ts';

/** Algorithms with a public key: of others, whoever can check a token can make one. */
export const JWT_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

/** Whose tokens are taken. */
export interface JwtOptions {
  readonly issuer: string;
  readonly audience: string;
  /** Gives the issuer's JWKS; rejects where it cannot be had just now. */
  loadKeys(): Promise<unknown>;
  /** Absent: RS256, ES256 and EdDSA. */
  readonly algorithms?: readonly (typeof JWT_ALGORITHMS)[number][];
  /** The claim that names the tenant. Absent: all are of the house's own. */
  readonly tenantClaim?: string;
  /** The claim with the scopes, a list or words with spaces between. Absent: `scope`. */
  readonly scopesClaim?: string;
}

export interface Verdict {
  readonly principal: Principal;
  /** Whether it is still so: it has not expired, and the issuer has not taken back the key that signed it. */
  isStill(): boolean;
}

export interface JwtVerifier {
  /** Rejects with `UNAUTHENTICATED`, which says what is wrong with it. */
  verify(token: string): Promise<Verdict>;
  /** Every second. */
  tick(): void;
}

/** Whether the issuer signed the token that was refused so: whoever has such a one guesses nothing. */
export function isSigned({ cause }: Error): boolean {
  return cause instanceof errors.JWTExpired || cause instanceof errors.JWTClaimValidationFailed;
}

const SKEW_S = 60;
/** Headers that bring a key, or say where one is: the issuer's keys are those of the configuration. */
const FOREIGN_KEYS = ['jku', 'jwk', 'x5u', 'x5c'] as const;
const SUBJECT = /^[\x21-\x7e]{1,128}$/;

export function createJwtVerifier(options: JwtOptions, state: State, clock: Clock): JwtVerifier {
  const { issuer, audience, algorithms = ['RS256', 'ES256', 'EdDSA'] } = options;
  const keySet = createKeySet(() => options.loadKeys(), state, clock);

  const payloadOf = async (token: string): Promise<JWTPayload> => {
    const check = async (): Promise<JWTPayload> => {
      const { payload } = await jwtVerify(token, await keySet.get(), {
        issuer,
        audience,
        algorithms: [...algorithms],
        clockTolerance: SKEW_S,
        requiredClaims: ['exp', 'sub'],
        currentDate: new Date(clock.wall()),
      });
      return payload;
    };
    try {
      return await check();
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey && (await keySet.renew())) return check();
      throw error;
    }
  };

  return {
    async verify(token) {
      try {
        const { kid } = checkedHeader(token);
        const principal = principalOf(await payloadOf(token), options);
        const isStill = (): boolean => clock.wall() < (principal.expiresAt ?? 0) && (kid === undefined || keySet.has(kid));
        return { principal, isStill };
      } catch (error) {
        if (error instanceof OpenClawError) throw error;
        throw new OpenClawError('UNAUTHENTICATED', `The token is not taken: ${whyOf(error)}.`, { cause: error });
      }
    },
    tick: () => keySet.tick(),
  };
}

/** Three parts with points between, which no key of ours has. */
export function looksLikeJwt(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token);
}

/** Whom a token claims to be of, of which nothing was proved. */
export function claimedSubject(token: string): string {
  try {
    return String(decodeJwt(token).sub).slice(0, 128);
  } catch {
    return '';
  }
}

function checkedHeader(token: string): ProtectedHeaderParameters {
  const header = decodeProtectedHeader(token);
  const foreign = FOREIGN_KEYS.find((name) => header[name] !== undefined);
  if (foreign !== undefined) throw new OpenClawError('UNAUTHENTICATED', `A token that brings its own key (${foreign}) is not taken.`);
  return header;
}

function principalOf(payload: JWTPayload, { tenantClaim, scopesClaim = 'scope' }: JwtOptions): Principal {
  const { sub = '', exp = 0 } = payload;
  const tenant = tenantClaim === undefined ? HOUSE : payload[tenantClaim];
  if (!isTenant(tenant)) throw new OpenClawError('UNAUTHENTICATED', `The token names no tenant in its claim ${tenantClaim}.`);
  if (!SUBJECT.test(sub)) throw new OpenClawError('UNAUTHENTICATED', 'The token’s sub is not 1 to 128 visible characters.');
  const said = payload[scopesClaim];
  const words: readonly unknown[] = typeof said === 'string' ? said.split(' ') : Array.isArray(said) ? said : [];
  return { tenant, id: `jwt:${sub}`, scopes: new Set(SCOPES.filter((scope) => words.includes(scope))), expiresAt: (exp + SKEW_S) * 1_000 };
}

function whyOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `its ${error.claim} is not what is asked for`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not one of those that are allowed';
  if (error instanceof errors.JWKSNoMatchingKey) return 'it is signed with a key that is not the issuer’s';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  return 'it is not well formed';
}
