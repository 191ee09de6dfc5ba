import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { State } from '@openclaw-runtime/store';
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';

/** The issuer's public keys. */
export interface KeySet {
  /** As they are known. Rejects with `UNAUTHENTICATED` while none are. */
  get(): Promise<JWTVerifyGetKey>;
  /** A token names a key that is not among them: asks for them again, though not often. `false`: they are the same. */
  renew(): Promise<boolean>;
  /** Whether this one is among them still, as far as is known. */
  has(kid: string): boolean;
  /** Now and then: asks for them again when that is due. */
  tick(): void;
}

const FRESH_MS = 600_000;
const RENEW_MS = 30_000;
const STATE_KEY = 'jwks';

/**
 * They are asked for again every ten minutes, also while nobody comes. Where the issuer does not answer, those stay that are known, also over a
 * restart: a token is judged by its signature and its times, and those need nobody.
 */
export function createKeySet(load: () => Promise<unknown>, state: State, clock: Clock): KeySet {
  let known: { readonly text: string; readonly keys: JWTVerifyGetKey; readonly kids: ReadonlySet<unknown> } | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<boolean> | undefined;

  const learn = (set: JSONWebKeySet): boolean => {
    const text = JSON.stringify(set);
    if (text === known?.text) return false;
    known = { text, keys: createLocalJWKSet(set), kids: new Set(set.keys.map(({ kid }) => kid)) };
    return true;
  };
  const ask = async (): Promise<boolean> => {
    const isNew = learn(publicKeysOf(await load()));
    if (isNew && known) await keep(state, known.text).catch(() => undefined);
    return isNew;
  };
  const recall = async (): Promise<boolean> => {
    const found = known ? undefined : await state.get('_house', STATE_KEY);
    return found !== undefined && learn(publicKeysOf(JSON.parse(found.value)));
  };
  const renew = (): Promise<boolean> => {
    if (asking) return asking;
    if (clock.now() - askedAt < RENEW_MS) return Promise.resolve(false);
    askedAt = clock.now();
    asking = ask()
      .catch(recall)
      .catch(() => false)
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };

  return {
    async get() {
      if (!known) await renew();
      if (known) return known.keys;
      throw new OpenClawError('UNAUTHENTICATED', 'The keys of the tokens’ issuer are not known: it does not answer.', {
        retryAfterMs: 5_000,
      });
    },
    renew,
    has: (kid) => known?.kids.has(kid) ?? false,
    tick() {
      if (known && clock.now() - askedAt >= FRESH_MS) void renew();
    },
  };
}

/** Only public keys: with a secret that anybody may read, anybody could make tokens. */
function publicKeysOf(given: unknown): JSONWebKeySet {
  const { keys } = (given ?? {}) as { readonly keys?: unknown };
  if (!Array.isArray(keys)) throw new OpenClawError('BAD_CONFIG', 'The issuer’s keys are no JWKS.');
  return { keys: (keys as JSONWebKeySet['keys']).filter(({ kty }) => kty === 'RSA' || kty === 'EC' || kty === 'OKP') };
}

async function keep(state: State, text: string): Promise<void> {
  const found = await state.get('_house', STATE_KEY);
  if (found?.value !== text) await state.put('_house', STATE_KEY, text, found?.rev ?? 0);
}
