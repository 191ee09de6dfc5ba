import type { AuditDisk } from '@openclaw-runtime/audit';
import type {
  Backup,
  EraseOptions,
  EraseReport,
  Erasure,
  ListQuery,
  Restored,
  RestoreOptions,
  RunList,
  VerifyOptions,
  VerifyReport,
} from '@openclaw-runtime/store';

/** What may be done to data folders that no server has open, and to files. */
export interface DataTools {
  /** A copy of a folder's data, which it has open until `close`. Rejects with `NOT_FOUND` where there are none, `DATA_LOCKED` where a server has them. */
  backup(folder: string): Promise<{ readonly backup: Backup; close(): Promise<void> }>;
  restore(options: RestoreOptions): Promise<Restored>;
  verify(folder: string, options: VerifyOptions): Promise<VerifyReport>;
  /** A folder's runs of a tenant. */
  runs(folder: string, tenant: string, query: ListQuery): Promise<RunList>;
  /** With the files that its tools wrote. Rejects like `backup`. */
  erase(folder: string, what: Erasure, options: FolderErasing): Promise<EraseReport>;
  /** The audit log of a folder, to be read. */
  audit(folder: string): AuditDisk;
  /** A new file; `-` is stdout. Rejects with `STATE_CONFLICT` where there is one that may not be replaced. */
  sink(path: string, mayReplace: boolean): Promise<Sink>;
  /** An HTTP answer as it comes. Rejects with `STREAM_DISCONNECTED`, or with the signal's reason. */
  stream(url: string, request: StreamRequest, signal: AbortSignal): Promise<Streamed>;
}

export interface FolderErasing extends EraseOptions {
  /** When it is certain that there is something to be done, before any of it is; what it rejects with keeps it from being done. Resolves to what is called when it is done. */
  begin(): Promise<(report: EraseReport) => Promise<void>>;
}

export interface StreamRequest {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
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
