/** What a principal may do. `runs` and `read` are of its own tenant; `operate` is the house's, `admin` its keys and its audit log. */
export const SCOPES = ['read', 'run', 'approve', 'operate', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Who asks, as the server found out: nothing in it was said by the peer. */
export interface Principal {
  /** Whose data: nothing of another tenant is ever seen. */
  readonly tenant: string;
  /** Names it in limits and in the audit log: `key:<id>`, `jwt:<subject>`, `token` or `anonymous`. */
  readonly id: string;
  readonly scopes: ReadonlySet<Scope>;
  /** By the wall clock, in milliseconds; absent: until it is revoked. */
  readonly expiresAt?: number;
}
