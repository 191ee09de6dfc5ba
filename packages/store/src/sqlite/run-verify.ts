import { Worker } from 'node:worker_threads';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { VerifyReport } from '../contract/store.ts';
import type { VerifyData, VerifyMessage } from './verify-messages.ts';

export interface VerifyRun {
  /** The file rests while another thread has it open: only it is read, without what stands in its write-ahead log. */
  readonly isFrozen?: boolean;
  readonly signal?: AbortSignal;
  onProgress?(share: number): void;
}

/** Verifies a database in a thread of its own. Rejects with the signal's reason, with `DATA_LOCKED` for a database in use. */
export async function runVerify(path: string, { isFrozen = false, signal, onProgress }: VerifyRun = {}): Promise<VerifyReport> {
  signal?.throwIfAborted();
  const data: VerifyData = { path, isFrozen };
  const thread = new Worker(new URL(import.meta.url.endsWith('.ts') ? './verify-thread.ts' : './verify-thread.js', import.meta.url), {
    workerData: data,
    env: {},
  });
  const { promise, resolve, reject } = Promise.withResolvers<VerifyReport>();
  const stop = (): void => reject(signal?.reason as Error);
  signal?.addEventListener('abort', stop, { once: true });
  thread.on('message', (message: VerifyMessage) => {
    if (message.kind === 'progress') onProgress?.(message.share);
    else if (message.kind === 'report') resolve(message.report);
    else reject(OpenClawError.fromBody(message));
  });
  thread.on('error', reject);
  thread.on('exit', (code) => reject(new OpenClawError('STORE_FAILED', `The verification ended early (exit code ${code}).`)));
  try {
    return await promise;
  } finally {
    signal?.removeEventListener('abort', stop);
    await thread.terminate();
  }
}
