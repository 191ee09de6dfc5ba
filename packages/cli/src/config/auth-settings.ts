import type { JwtAlgorithm } from './auth-schema.ts';

/** Who is let in, besides whoever has the server's token. */
export interface AuthSettings {
  /** Whether those are who say nothing. Absent: until the first key is made, where there is neither a token nor an issuer. */
  readonly anonymous?: boolean;
  readonly jwt?: JwtSettings;
}

export interface JwtSettings {
  readonly issuer: string;
  readonly audience: string;
  /** Where the issuer's public keys are: an address, or an absolute path. */
  readonly jwks: { readonly url: string } | { readonly file: string };
  readonly algorithms?: readonly JwtAlgorithm[];
  readonly tenantClaim?: string;
  readonly scopesClaim?: string;
}

/** Absolute paths of files in PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}
