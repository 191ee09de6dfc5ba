/** The network as `http.fetch` needs it: names are resolved here, and a connection is made to the very address that was judged. */
export interface Web {
  /** IP addresses of a name, in the order of the resolver. Rejects where there are none. */
  resolve(host: string): Promise<readonly string[]>;
  send(request: WebRequest): Promise<WebAnswer>;
}

export interface WebRequest {
  readonly method: string;
  readonly url: URL;
  /** Where to connect to, the first that answers; the name in `url` is only said (Host, SNI, certificate). */
  readonly addresses: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Aborting destroys the connection, also while the body is read. */
  readonly signal: AbortSignal;
}

export interface WebAnswer {
  readonly status: number;
  /** Names in lower case; those that come more than once are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** As it travelled, so perhaps compressed. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the connection, whether its body was read or not. */
  close(): Promise<void>;
}
