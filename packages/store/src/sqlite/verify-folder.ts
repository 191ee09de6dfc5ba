import { join } from 'node:path';
import type { VerifyOptions, VerifyReport } from '../contract/store.ts';
import { runVerify } from './run-verify.ts';

/** Verifies a data folder that no process has open. Changes nothing. Rejects with `NOT_FOUND` where there are no data, `DATA_LOCKED` where somebody has them, `DATA_FORMAT`. */
export function verifyFolder(folder: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  return runVerify(join(folder, 'openclaw.db'), options);
}
