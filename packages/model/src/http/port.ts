/** All that the broker needs of HTTP: a request whose answer is read piece by piece. */
export type HttpSend = (request: HttpRequest) => Promise<HttpAnswer>;

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Aborting destroys the socket at once: the promise, or the pending read of the body, rejects. */
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Throws when the connection breaks before the body's end. Leaving the loop early gives the connection up or back. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** A pool of connections to one provider. */
export interface HttpClient {
  readonly send: HttpSend;
  /** Destroys every connection. */
  close(): Promise<void>;
}
