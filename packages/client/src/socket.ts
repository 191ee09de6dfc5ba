/** What the client needs of a WebSocket: browsers', Node's own and the `ws` package's fit. */
export interface SocketLike {
  send(data: string): void;
  close(code?: number): void;
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: SocketEvent) => void): void;
}

export interface SocketEvent {
  readonly type: string;
  /** Of a message. */
  readonly data?: unknown;
  /** Of a close. */
  readonly code?: number;
}

export type WebSocketClass = new (url: string, protocols: string[]) => SocketLike;
