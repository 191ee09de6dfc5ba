/** One client's socket as a connection sees it. A network of another kind stands in for it where time is simulated. */
export interface Peer {
  /** Takes one text message. Everything that is sent in one turn of the event loop may leave together. */
  send(text: string): void;
  /** Bytes that were taken and have not left. */
  unsent(): number;
  /** Reads nothing more until `resume`. */
  pause(): void;
  resume(): void;
  ping(): void;
  /** Says goodbye; `closed` follows when the peer has answered. */
  close(code: number, reason: string): void;
  /** Cuts the line. */
  terminate(): void;
  /** Called once, before anything can happen. */
  listen(events: PeerEvents): void;
}

export interface PeerEvents {
  message(text: string, bytes: number, binary: boolean): void;
  /** Raw bytes came, perhaps a part of a message only; `false`: not of interest any more. */
  received(bytes: number): boolean;
  pinged(): void;
  ponged(): void;
  /** All that was unsent has left. */
  drained(): void;
  /** The line failed; `closed` follows. */
  failed(): void;
  closed(): void;
}
