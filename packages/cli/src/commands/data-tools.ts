import type { Backup, Restored, RestoreOptions, VerifyOptions, VerifyReport } from '@openclaw-runtime/store';

/** What may be done to data folders that no server has open, and to files. */
export interface DataTools {
  /** A copy of a folder's data, which it has open until `close`. Rejects with `NOT_FOUND` where there are none, `DATA_LOCKED` where a server has them. */
  backup(folder: string): Promise<{ readonly backup: Backup; close(): Promise<void> }>;
  restore(options: RestoreOptions): Promise<Restored>;
  verify(folder: string, options: VerifyOptions): Promise<VerifyReport>;
  /** A new file; `-` is stdout. Rejects with `STATE_CONFLICT` where there is one that may not be replaced. */
  sink(path: string, mayReplace: boolean): Promise<Sink>;
  /** An HTTP answer as it comes. Rejects with `STREAM_DISCONNECTED`, or with the signal's reason. */
  stream(url: string, request: StreamRequest, signal: AbortSignal): Promise<Streamed>;
}

export interface StreamRequest {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
}

/** Bytes that go into a file which is there when `done` resolves, and not before. */
export interface Sink {
  write(part: Uint8Array): Promise<void>;
  done(): Promise<void>;
  discard(): Promise<void>;
}

export interface Streamed {
  readonly status: number;
  /** Bytes that were announced. */
  readonly length: number | undefined;
  readonly parts: AsyncIterable<Uint8Array>;
}
