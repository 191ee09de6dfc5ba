import type { Given } from '../process/given.ts';

/** How an HTTP server is logged in to. Absent: as a person, where it asks for that and `headers` has no `authorization`. */
export type McpAuth = PersonAuth | MachineAuth | EnterpriseAuth;

/** OAuth's authorization code with PKCE: a person says yes in a browser once. */
export interface PersonAuth {
  readonly grant: 'person';
  /** A client that was registered by hand; absent: one is registered by `clientMetadataUrl` or dynamically. */
  readonly clientId?: string;
  /** Of that client. Goes to `issuer` only, which has to be there. */
  readonly secret?: Given;
  readonly issuer?: string;
  /** Asked for in place of what the server says it supports. */
  readonly scope?: string;
  /** An `https:` address at which a description of this client can be read, for authorization servers that take it as its id. */
  readonly clientMetadataUrl?: string;
  /** Of the loopback address that the browser comes back to; absent: any that is free. */
  readonly redirectPort?: number;
}

/** OAuth's client credentials, where a program and no person asks. */
export interface MachineAuth {
  readonly grant?: 'machine';
  readonly clientId: string;
  /** A text, or a private key in PEM that signs with `algorithm` instead. */
  readonly secret: Given | { readonly privateKey: Given; readonly algorithm: string };
  /** The authorization server that the secret is for; no other gets it. */
  readonly issuer: string;
  readonly scope?: string;
}

/** Cross-app access: what an identity provider says of a person is exchanged for a grant at the server's own issuer. */
export interface EnterpriseAuth {
  readonly grant: 'enterprise';
  readonly clientId: string;
  readonly secret: Given;
  /** The authorization server that `clientId` and `secret` are for. */
  readonly issuer: string;
  readonly provider: IdentityProvider;
}

/** Who says of a person who they are. */
export type IdentityProvider = {
  readonly clientId: string;
  readonly secret?: Given;
  /** Of the person, fetched anew whenever a token is needed. */
  readonly idToken: Given;
  /** Either where it describes itself, or where it exchanges tokens. */
} & ({ readonly issuer: string } | { readonly tokenEndpoint: string });
