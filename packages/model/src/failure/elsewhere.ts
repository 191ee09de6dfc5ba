import type { OpenClawError } from '@openclaw-runtime/protocol';
import type { Refusal } from './status.ts';

/** The key, the account, the address or the model's name: the provider's trouble, or ours with it. */
const NOT_THE_REQUEST: ReadonlySet<number> = new Set([401, 402, 403, 404]);

/** Whether a refusal says nothing against the request, so that another model may well answer it. */
export function mayAnswerElsewhere({ code, cause }: OpenClawError): boolean {
  if (code === 'NOT_FOUND') return true;
  return code === 'PROVIDER_REFUSED' && isRefusal(cause) && NOT_THE_REQUEST.has(cause.status);
}

function isRefusal(cause: unknown): cause is Refusal {
  return typeof cause === 'object' && cause !== null && 'status' in cause && typeof cause.status === 'number';
}
