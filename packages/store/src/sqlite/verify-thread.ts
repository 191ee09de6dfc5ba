// Verifies a database from end to end in a thread of its own, and says how far it is.
import { parentPort, workerData } from 'node:worker_threads';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { verifyFile } from './verify.ts';
import type { VerifyData, VerifyMessage } from './verify-messages.ts';

verify(workerData as VerifyData);

function verify({ path, isFrozen }: VerifyData): void {
  const say = (message: VerifyMessage): void => parentPort?.postMessage(message);
  let said = 0;
  try {
    const work = verifyFile(path, isFrozen);
    for (;;) {
      const { done, value } = work.next();
      if (done) return say({ kind: 'report', report: value });
      if (value - said < 0.01) continue;
      said = value;
      say({ kind: 'progress', share: value });
    }
  } catch (error) {
    say({ kind: 'error', ...OpenClawError.from(error, 'STORE_FAILED').toBody() });
  }
}
