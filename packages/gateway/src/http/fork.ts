import { OpenClawError } from '@openclaw-runtime/protocol';
import { forkRequestSchema, judge } from '@openclaw-runtime/protocol/schema';
import type { ForkRequest } from '../admission/fork-run.ts';

/** What `POST /v1/runs/{run}/fork` is sent. Throws `BAD_REQUEST`. */
export function parseFork(body: unknown): ForkRequest {
  const parsed = judge(forkRequestSchema, body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new OpenClawError('BAD_REQUEST', `${issue?.path.join('.') || 'body'}: ${issue?.message}.`);
}
