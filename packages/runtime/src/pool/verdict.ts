import { type ErrorBody, OpenClawError } from '@openclaw-runtime/protocol';
import type { ThreadEnd } from './thread.ts';
import { nameOfWork, type Work } from './work.ts';

export function hung(work: Work | undefined, ms: number): OpenClawError {
  if (!work) return new OpenClawError('THREAD_LOST', `A thread did not move for ${Math.round(ms)} ms, by code of no call. It was ended.`);
  return new OpenClawError(
    'AGENT_HUNG',
    `The ${nameOfWork(work)} held its thread for ${Math.round(ms)} ms without a pause. Split its work by awaiting in between, or give it to another process.`,
  );
}

/** What is to say of a thread that ended by itself, or that had to be ended for what it said. */
export function crashed({ how, message }: ThreadEnd, work: Work | undefined): OpenClawError {
  if (!work) return new OpenClawError('THREAD_LOST', `A thread ended by code of no call: ${message}.`);
  if (how === 'memory') {
    return new OpenClawError(
      'AGENT_MEMORY',
      `The ${nameOfWork(work)} took more memory than it has: ${message}. Keep less, or raise its maxHeapMiB, or threads.hostMemoryMiB where hosts have one.`,
    );
  }
  return new OpenClawError('AGENT_CRASHED', `The ${nameOfWork(work)} took its thread down: ${message}.`);
}

/** What a thread said of the call that takes it down. */
export function confession({ message }: ErrorBody, work: Work | undefined): OpenClawError {
  return new OpenClawError('AGENT_CRASHED', work ? `The ${nameOfWork(work)} took its thread down. ${message}` : message);
}

export function neighbourLost(thread: string): OpenClawError {
  return new OpenClawError('THREAD_LOST', `The thread ${thread} ended, not by this call. Call again.`);
}

export function toolTimeout(work: Work, ms: number): OpenClawError {
  return new OpenClawError('TOOL_TIMEOUT', `The ${nameOfWork(work)} took longer than ${ms} ms. Raise its timeoutMs, or let it do less.`);
}
