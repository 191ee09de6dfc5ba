import type { Given } from '../process/given.ts';

/** An MCP server as configured. What is absent is chosen by `resolveServer`. */
export type McpServerOptions = (StdioServer | HttpServer) & {
  /** What `hash` says of the tools that were looked at; another list is refused. */
  readonly pin?: string;
  /** Which of its tools are there; with `*` for any rest of a name. Absent: all. */
  readonly tools?: readonly string[];
  /** Of one call. */
  readonly timeoutMs?: number;
  /** From the start of the server to its list of tools. */
  readonly startTimeoutMs?: number;
};

export interface StdioServer {
  readonly kind: 'stdio';
  readonly command: string;
  readonly args?: readonly string[];
  /** Besides what the machine gives every server (PATH, HOME and the like). */
  readonly env?: Readonly<Record<string, Given>>;
  readonly cwd?: string;
}

export interface HttpServer {
  readonly kind: 'http';
  readonly url: string;
  /** Sent to this origin only. */
  readonly headers?: Readonly<Record<string, Given>>;
  /** OAuth's client credentials, where a program and no person asks. */
  readonly auth?: {
    readonly clientId: string;
    /** A text, or a private key in PEM that signs with `algorithm` instead. */
    readonly secret: Given | { readonly privateKey: Given; readonly algorithm: string };
    /** The authorization server that the secret is for; no other gets it. */
    readonly issuer: string;
    readonly scope?: string;
  };
}
