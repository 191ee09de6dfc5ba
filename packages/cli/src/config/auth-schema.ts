import { z } from 'zod';
import { choice, flag, name, text, url } from './field.ts';

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const;
export type JwtAlgorithm = (typeof ALGORITHMS)[number];

/** Who is let in. */
export const authSchema = z.strictObject({
  anonymous: flag.exactOptional(),
  jwt: z
    .strictObject({
      issuer: name,
      audience: name,
      jwks: text,
      algorithms: z
        .array(choice(...ALGORITHMS))
        .min(1)
        .exactOptional(),
      tenantClaim: name.exactOptional(),
      scopesClaim: name.exactOptional(),
    })
    .exactOptional(),
});

/** What of the address concerns who comes in there. */
export const doorFields = {
  origins: z.array(url('http', 'https')).exactOptional(),
  tls: z.strictObject({ cert: text, key: text }).exactOptional(),
  trustedProxies: z.array(text).exactOptional(),
};
